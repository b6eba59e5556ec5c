// calloc of 16 bytes to 256 KiB, mostly small, dirtied before it is freed: what is recycled must be zeroed again.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kBlocks = 1500;

std::size_t ZeroedSize(Random* random) {
  const std::uint64_t kind = random->Below(1000);
  if (kind < 940) return random->Octaves(16, 7);
  if (kind < 995) return random->Octaves(2048, 4);
  return random->Octaves(32 << 10, 3);
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Random random(parameters.seed);
  Sized* const blocks = NewTable<Sized>(kBlocks);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    Sized& place = blocks[random.Below(kBlocks)];
    sum += place.Release();
    place.size = ZeroedSize(&random) / 8 * 8;
    place.block = NotNull(std::calloc(place.size / 8, 8));
    if (Read(place.block, place.size) != 0) Fail("calloc returned a block that is not zeroed");
    Fill(place.block, place.size, random.Next());
  }
  for (std::size_t i = 0; i < kBlocks; ++i) sum += blocks[i].Release();
  return sum;
}

}  // namespace breakproof::bench
