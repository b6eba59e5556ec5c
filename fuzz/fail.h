// The end of a fuzz target's run: silence, or the case as text with the rule it broke, and an abort that the engine
// takes for a finding.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "harness/case/case_text.h"
#include "harness/judge/judge.h"

namespace breakproof::fuzz {

inline void FailOnViolation(const harness::Case& c, const harness::Judgement& judgement) {
  if (judgement.violations.empty()) return;
  const harness::CaseViolation& first = judgement.violations.front();
  std::fprintf(stderr, "%s\nrule %s broken by operation %zu\n  expected  %s\n  actual    %s\n",
               harness::PrintCase(c).c_str(), std::string(model::TextOf(first.what.rule).id).c_str(),
               first.operation + 1, first.what.expected.c_str(), first.what.actual.c_str());
  std::abort();
}

}  // namespace breakproof::fuzz
