// Runs the heap model in lock step with what was seen of a subject, and names the rules it broke.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/case/case.h"
#include "harness/case/operation/outcome.h"
#include "harness/case/operation/run_result.h"
#include "model/heap/heap.h"

namespace breakproof::harness {

// A rule broken by one operation of a case.
struct CaseViolation {
  std::size_t operation = 0;  // index
  model::Violation what;
};

struct Judgement {
  std::vector<CaseViolation> violations;  // in order of operations; the first of each (rule, entry) only
  model::Exercised exercised{};
  std::size_t performed = 0;              // operations that came to an end
  std::uint64_t peak_live_bytes = 0;      // payload
  std::uint64_t peak_footprint = 0;       // bytes held of the kernel; 0 where nobody watched
  model::ErrnoRemarks errno_remarks{};
};

// What is known of the subject beside the outcomes.
struct SubjectFacts {
  bool has_usable_size = true;
  bool usable_is_always_asked = false;  // also of blocks that are left untouched
};

// Judges a case that was run. `outcomes` has one element an operation. Pure.
Judgement Judge(const Case& c, std::span<const Outcome> outcomes, const RunResult& run,
                const SubjectFacts& facts);

}  // namespace breakproof::harness
