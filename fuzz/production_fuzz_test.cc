// The production allocator on the simulated kernel, in lock step with the heap, kernel and policy models.
#include <cstdint>

#include "fuzz/fail.h"
#include "fuzz/guidance/guidance.h"
#include "harness/case/case_binary.h"
#include "harness/subject/production/simulated_run.h"

using namespace breakproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::Guidance guidance;
  static harness::SimulatedRun run;
  run.Observe(&guidance);
  const harness::Case c = WithFinalCheck(harness::DecodeCase(data, size));
  fuzz::FailOnViolation(c, run.Run(c).judgement);
  return 0;
}
