// A server: threads replace random blocks of their own; when a thread ends, the next one inherits its blocks and
// goes on. After Larson and Krishnan's server benchmark.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"
#include "bench/workloads/support/threads.h"

namespace breakproof::bench {

namespace {

constexpr int kThreads = 4;
constexpr std::size_t kBlocks = 5000;  // a thread
constexpr int kReplacements = 20000;   // a thread's life

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Sized* const tables = NewTable<Sized>(kThreads * kBlocks);
  std::uint64_t sum = 0;
  for (std::uint64_t generation = 0; generation < parameters.iterations; ++generation) {
    sum += SumOverThreads(kThreads, [&](int thread) {
      Random random(parameters.seed + generation * kThreads + static_cast<unsigned>(thread));
      // Another lane's table each time, so that blocks are freed by threads that never made them.
      Sized* const table = tables + (generation + static_cast<unsigned>(thread)) % kThreads * kBlocks;
      std::uint64_t read = 0;
      for (int i = 0; i < kReplacements; ++i) {
        Sized& victim = table[random.Below(kBlocks)];
        read += victim.Release();
        victim.Allocate(random.Octaves(8, 7), random.Next());
      }
      return read;
    });
  }
  for (std::size_t i = 0; i < kThreads * kBlocks; ++i) sum += tables[i].Release();
  return sum;
}

}  // namespace breakproof::bench
