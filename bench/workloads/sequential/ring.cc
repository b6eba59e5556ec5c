// A ring of blocks whose sizes go round, freed forwards, backwards, and just before the next is made; nothing random.
// After the malloc benchmark in glibc.
#include "bench/workloads/support/block.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kBlocks = 400;
constexpr std::size_t kSizes[] = {16, 24, 40, 64, 96, 128, 200, 256, 400, 512, 800, 1024};
constexpr std::size_t kSizeCount = sizeof kSizes / sizeof kSizes[0];

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  static Sized ring[kBlocks];
  std::uint64_t sum = 0;
  std::uint64_t tag = parameters.seed;
  for (std::uint64_t round = 0; round < parameters.iterations; ++round) {
    for (std::size_t i = 0; i < kBlocks; ++i) ring[i].Allocate(kSizes[(i + round) % kSizeCount], ++tag);
    for (std::size_t i = 0; i < kBlocks; ++i) sum += ring[i].Release();
    for (std::size_t i = 0; i < kBlocks; ++i) ring[i].Allocate(kSizes[i % kSizeCount], ++tag);
    for (std::size_t i = kBlocks; i-- > 0;) sum += ring[i].Release();
    for (std::size_t i = 0; i < 4 * kBlocks; ++i) {
      Sized& place = ring[i % kBlocks];
      sum += place.Release();
      place.Allocate(kSizes[i % kSizeCount], ++tag);
    }
    for (Sized& place : ring) sum += place.Release();
  }
  return sum;
}

}  // namespace breakproof::bench
