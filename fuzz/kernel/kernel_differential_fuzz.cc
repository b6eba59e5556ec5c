// Fuzz target: the input's blocks are calls, run on the kernel model and on the real kernel; any difference
// is a crash. bazel run --config=asan-libfuzzer //fuzz/kernel:kernel_differential_fuzz_run -- --timeout_secs=60
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "harness/kernel/differential/differential.h"
#include "harness/kernel/differential/generator.h"

namespace breakproof::harness {
namespace {

RealKernel& Real() {
  static const std::unique_ptr<RealKernel> kReal = [] {
    std::string error;
    std::unique_ptr<RealKernel> real = RealKernel::Start({}, error);
    if (real == nullptr) {
      std::fprintf(stderr, "the real kernel can not be driven: %s\n", error.c_str());
      std::abort();
    }
    return real;
  }();
  return *kReal;
}

}  // namespace
}  // namespace breakproof::harness

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakproof;
  using namespace breakproof::harness;
  static Differential differential(Real());
  const model::Machine& machine = Real().machine();
  const auto mismatch = differential.Check(DecodeCalls({data, size}, machine, kMaxCalls));
  if (!mismatch) return 0;
  std::fprintf(stderr, "%s", Describe(*mismatch, differential.ran(), machine).c_str());
  std::abort();
}
