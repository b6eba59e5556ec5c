// Blocks aligned to 32 bytes up to a page, by aligned_alloc and posix_memalign, among ordinary ones.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kBlocks = 3000;

void* AllocateAligned(bool is_posix, std::size_t alignment, std::size_t size) {
  void* block = nullptr;
  if (is_posix) {
    if (posix_memalign(&block, alignment, size) != 0) block = nullptr;
  } else {
    block = std::aligned_alloc(alignment, size);
  }
  if (reinterpret_cast<std::uintptr_t>(NotNull(block)) % alignment != 0) Fail("a block is not aligned");
  return block;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Random random(parameters.seed);
  Sized* const blocks = NewTable<Sized>(kBlocks);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    Sized& place = blocks[random.Below(kBlocks)];
    sum += place.Release();
    const std::size_t alignment = std::size_t{32} << random.Below(8);
    if (i % 4 == 0) {
      place.Allocate(random.Octaves(16, 7), random.Next());
      continue;
    }
    // aligned_alloc wants a multiple of the alignment in the older standards.
    place.size = random.Between(1, 4) * (alignment > 256 && i % 8 != 1 ? 256 : alignment);
    const bool is_posix = place.size % alignment != 0 || i % 2 == 0;
    place.block = AllocateAligned(is_posix, alignment, place.size);
    Fill(place.block, place.size, random.Next());
  }
  for (std::size_t i = 0; i < kBlocks; ++i) sum += blocks[i].Release();
  return sum;
}

}  // namespace breakproof::bench
