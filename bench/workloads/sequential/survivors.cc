// Groups of blocks of random size, freed in order, in reverse order or here and there; one in thirty lives on for
// long. After MicroQuill's sh6bench.
#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"

namespace breakproof::bench {

namespace {

constexpr std::size_t kSurvivors = 20000;
constexpr std::uint64_t kMostBlocks = 3000;  // a group

class Survivors {
 public:
  // Takes the block; the oldest one dies for it.
  std::uint64_t Keep(const Sized& block) {
    Sized& place = blocks_[next_++ % kSurvivors];
    const std::uint64_t sum = place.Release();
    place = block;
    return sum;
  }

  std::uint64_t Release() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kSurvivors; ++i) sum += blocks_[i].Release();
    return sum;
  }

 private:
  Sized* const blocks_ = NewTable<Sized>(kSurvivors);
  std::size_t next_ = 0;
};

std::uint64_t FreeGroup(Sized* group, std::uint64_t count, std::uint64_t order) {
  std::uint64_t sum = 0;
  if (order == 0) {
    for (std::uint64_t i = 0; i < count; ++i) sum += group[i].Release();
  } else if (order == 1) {
    for (std::uint64_t i = count; i-- > 0;) sum += group[i].Release();
  } else {
    for (std::uint64_t first = 0; first < 3; ++first) {
      for (std::uint64_t i = first; i < count; i += 3) sum += group[i].Release();
    }
  }
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  Random random(parameters.seed);
  Survivors survivors;
  Sized* const group = NewTable<Sized>(kMostBlocks);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    const std::uint64_t count = random.Between(kMostBlocks / 10, kMostBlocks);
    const std::uint64_t largest = random.Octaves(16, 6);
    for (std::uint64_t j = 0; j < count; ++j) group[j].Allocate(random.Between(1, largest), random.Next());
    for (std::uint64_t j = 0; j < count; ++j) {
      if (random.Below(30) != 0) continue;
      sum += survivors.Keep(group[j]);
      group[j] = Sized();
    }
    sum += FreeGroup(group, count, random.Below(3));
  }
  return sum + survivors.Release();
}

}  // namespace breakproof::bench
