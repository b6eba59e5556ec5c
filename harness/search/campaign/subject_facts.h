// What can be learnt of a subject before the first case.
#pragma once

#include <string>

#include "harness/search/generate/case_builder.h"
#include "harness/judge/judge.h"
#include "harness/worker/outside/case_runner.h"

namespace breakproof::harness {

struct SubjectProfile {
  std::string library;             // path of the library that has malloc
  std::string hash;                // "sha256:..." of that file
  EntrySet own_entries = 0;        // provided by the library itself
  SubjectFacts facts;
  bool has_operators = false;      // C++'s, those with an alignment among them; otherwise what libstdc++'s would call is called
};

// Starts one worker with nothing to do and looks which library serves it. Throws CouldNotRun if the
// subject is missing, cannot be loaded or is not an allocator.
SubjectProfile Probe(const RunSettings& settings);

// I1: what is wrong with an entry point that the subject leaves to another library.
model::Violation ForeignEntryViolation(model::Entry entry);

// Adds the first call in the case to such an entry point, in front of what else was broken: nothing that follows
// is evidence.
void AddForeignEntries(const Case& c, EntrySet own, Judgement* judgement);

// The case without entry points that are not the subject's own: malloc takes their place, and calls that
// only look are left out. A block from another heap would make every later result meaningless.
Case WithOnly(EntrySet entries, const Case& c);

}  // namespace breakproof::harness
