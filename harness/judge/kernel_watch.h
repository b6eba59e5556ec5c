// Judges a case from what its operations returned and from what the subject asked of the kernel meanwhile.
#pragma once

#include <span>

#include "harness/case/case.h"
#include "harness/judge/judge.h"
#include "harness/case/operation/kernel_log.h"

namespace breakproof::harness {

// Judge(c, outcomes, run, facts), and beside it:
//   H1  no call takes pages of a live payload away; no payload lies in memory that the program took by sbrk
//   H4  no call discards bytes of a live payload
//   H12 the same requests, made and freed over and over, do not make the footprint grow each time
//   K9  a call concerns memory that the subject holds, not what it gave back or others have
// Pure.
Judgement JudgeWatched(const Case& c, std::span<const Outcome> outcomes, const KernelLog& log, const RunResult& run,
                       const SubjectFacts& facts);

}  // namespace breakproof::harness
