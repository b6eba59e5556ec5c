// libc's malloc, in process, in lock step with the heap model.
#include <cstdint>

#include "fuzz/fail.h"
#include "fuzz/guidance/guidance.h"
#include "fuzz/memory_budget.h"
#include "harness/case/case_binary.h"
#include "harness/subject/in_process.h"

using namespace breakproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::Guidance guidance;
  static const harness::MallocFamily family = harness::LibcFamily();
  const harness::Case c = WithFinalCheck(fuzz::WithinMemory(harness::DecodeCase(data, size)));
  fuzz::FailOnViolation(c, harness::RunInProcess(c, family, &guidance));
  return 0;
}
