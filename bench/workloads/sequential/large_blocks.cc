// Blocks of 32 KiB to 4 MiB, around and above the size from which allocators ask the kernel; every page is written.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kBlocks = 24;

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Random random(parameters.seed);
  static Sized blocks[kBlocks];
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    Sized& place = blocks[random.Below(kBlocks)];
    sum += place.Release();
    place.size = random.Octaves(32 << 10, 7);
    place.block = NotNull(std::malloc(place.size));
    Fill(place.block, place.size, random.Next(), kPage);
  }
  for (Sized& place : blocks) sum += place.Release();
  return sum;
}

}  // namespace breakproof::bench
