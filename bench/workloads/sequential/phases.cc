// A program whose phases use blocks of different sizes; a few of each phase stay for several more and lie
// scattered over the memory that the next phases could use.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kPhaseBytes = 12 << 20;
constexpr std::size_t kSmallest = 16;
constexpr std::size_t kMostBlocks = kPhaseBytes / kSmallest;
constexpr std::size_t kStayPhases = 6;
constexpr std::size_t kMostStaying = kMostBlocks / 20;

struct Staying {
  Sized* blocks;
  std::size_t count;
};

std::uint64_t ReleaseAll(Staying* staying) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < staying->count; ++i) sum += staying->blocks[i].Release();
  staying->count = 0;
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Random random(parameters.seed);
  Sized* const blocks = NewTable<Sized>(kMostBlocks);
  Staying stays[kStayPhases];
  for (Staying& staying : stays) staying = {NewTable<Sized>(kMostStaying), 0};
  std::uint64_t sum = 0;
  for (std::uint64_t phase = 0; phase < parameters.iterations; ++phase) {
    const std::size_t typical = random.Octaves(2 * kSmallest, 6);
    std::size_t count = 0;
    for (std::size_t bytes = 0; bytes < kPhaseBytes && count < kMostBlocks; ++count) {
      const std::size_t size = random.Between(typical / 2, typical);
      blocks[count].Allocate(size, random.Next());
      bytes += size;
    }
    Staying& staying = stays[phase % kStayPhases];
    sum += ReleaseAll(&staying);
    for (std::size_t i = 0; i < count; ++i) {
      if (random.Below(40) == 0 && staying.count < kMostStaying) {
        staying.blocks[staying.count++] = blocks[i];
        blocks[i] = Sized();
      } else {
        sum += blocks[i].Release();
      }
    }
  }
  for (Staying& staying : stays) sum += ReleaseAll(&staying);
  return sum;
}

}  // namespace breakproof::bench
