// The production allocator in this process on the real kernel, with real threads and guard pages.
#include <cstdint>

#include "fuzz/fail.h"
#include "fuzz/guidance/guidance.h"
#include "fuzz/memory_budget.h"
#include "harness/case/case_binary.h"
#include "harness/subject/embedded/embedded_run.h"

using namespace breakproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::Guidance guidance;
  static harness::EmbeddedRun run;
  run.Observe(&guidance);
  const harness::Case c = WithFinalCheck(fuzz::WithinMemory(harness::DecodeCase(data, size)));
  fuzz::FailOnViolation(c, run.Run(c));
  return 0;
}
