// libc's malloc, in process, in lock step with the heap model.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/guidance/guidance.h"
#include "harness/case/case_binary.h"
#include "harness/case/case_text.h"
#include "harness/lockstep/in_process.h"

using namespace breakproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const harness::MallocFamily family = harness::LibcFamily();
  static fuzz::Guidance guidance;
  const harness::Case c = WithFinalCheck(harness::DecodeCase(data, size));
  const harness::Judgement judgement = harness::RunInProcess(c, family, &guidance);
  if (judgement.violations.empty()) return 0;
  const harness::CaseViolation& first = judgement.violations.front();
  std::fprintf(stderr, "%s\nrule %s broken by operation %zu\n  expected  %s\n  actual    %s\n",
               harness::PrintCase(c).c_str(), std::string(model::TextOf(first.what.rule).id).c_str(),
               first.operation + 1, first.what.expected.c_str(), first.what.actual.c_str());
  std::abort();
}
