// The reference allocator on the simulated kernel: what was verified by search and proof, with bytes in its blocks.
#include <cstdint>

#include "fuzz/fail.h"
#include "fuzz/guidance/guidance.h"
#include "fuzz/memory_budget.h"
#include "harness/case/case_binary.h"
#include "harness/subject/reference/reference_run.h"

using namespace breakproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::Guidance guidance;
  static harness::ReferenceRun run;
  run.Observe(&guidance);
  const harness::Case c = WithFinalCheck(fuzz::WithinMemory(harness::DecodeCase(data, size)));
  fuzz::FailOnViolation(c, run.Run(c));
  return 0;
}
