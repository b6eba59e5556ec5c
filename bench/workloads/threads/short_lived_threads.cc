// Thousands of threads that allocate a little and end: what does starting and ending a thread cost the allocator?
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"
#include "bench/workloads/support/threads.h"

namespace breakproof::bench {

namespace {

constexpr int kThreads = 2;  // at once
constexpr int kBlocks = 48;

std::uint64_t LiveShortly(Random random) {
  Sized blocks[kBlocks];
  for (Sized& sized : blocks) sized.Allocate(random.Octaves(16, 6), random.Next());
  std::uint64_t sum = 0;
  for (Sized& sized : blocks) sum += sized.Release();
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    sum += SumOverThreads(kThreads, [&](int thread) {
      return LiveShortly(Random(parameters.seed + i * kThreads + static_cast<unsigned>(thread)));
    });
  }
  return sum;
}

}  // namespace breakproof::bench
