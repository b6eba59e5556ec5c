#include "bench/throughput/mix.h"

#include <cmath>
#include <utility>

#include "harness/search/generate/case_builder.h"

namespace breakproof::bench {
namespace {

using harness::CaseBuilder;
using harness::Random;
using model::Entry;

constexpr std::size_t kMostLive = 400;
constexpr std::uint64_t kLiveBudget = 64 << 20;

std::uint64_t PickSize(Random& random, std::span<const SizeBand> bands) {
  unsigned total = 0;
  for (const SizeBand& band : bands) total += band.share;
  std::uint64_t draw = random.Below(total);
  std::size_t i = 0;
  while (draw >= bands[i].share) draw -= bands[i++].share;
  const double part = static_cast<double>(random.Below(1 << 20)) / (1 << 20);
  const double least = static_cast<double>(bands[i].least), most = static_cast<double>(bands[i].most);
  return static_cast<std::uint64_t>(least * std::pow(most / least, part));
}

void AppendAllocation(CaseBuilder& builder, std::uint64_t size) {
  Random& random = builder.random();
  const std::uint64_t draw = random.Below(100);
  if (draw < 80) {
    builder.Allocate(Entry::kMalloc, size);
  } else if (draw < 94) {
    builder.AllocateArray(Entry::kCalloc, 1, size);
  } else {
    const Entry aligned = random.Pick({Entry::kMemalign, Entry::kAlignedAlloc, Entry::kPosixMemalign});
    builder.Allocate(aligned, size, random.Pick<std::uint64_t>({32, 64, 128, 4096}));
  }
}

harness::Case MakeCase(std::span<const SizeBand> bands, Random random, std::uint32_t operations) {
  CaseBuilder builder(random, harness::kAllEntries, operations, kLiveBudget, 1);
  while (!builder.IsFull()) {
    const std::uint64_t draw = builder.random().Below(100);
    if (builder.LiveCount() == 0 || (draw < 46 && builder.LiveCount() < kMostLive)) {
      AppendAllocation(builder, PickSize(builder.random(), bands));
    } else if (draw < 90) {
      builder.Free(builder.AnyLive());
    } else if (draw < 98) {
      builder.Reallocate(builder.AnyLive(), PickSize(builder.random(), bands));
    } else {
      builder.UsableSize(builder.AnyLive());
    }
  }
  builder.FreeEverything();
  return builder.Finish();
}

}  // namespace

Mix MakeMix(std::string name, std::span<const SizeBand> bands, std::uint64_t seed, int cases, std::uint32_t operations) {
  Mix mix{.name = std::move(name), .cases = {}};
  for (int n = 0; n < cases; ++n) {
    mix.cases.push_back(MakeCase(bands, Random::ForPart(seed, static_cast<std::uint64_t>(n)), operations));
    mix.operations += mix.cases.back().operations.size();
  }
  return mix;
}

std::vector<Mix> AllMixes(std::uint64_t seed, std::uint32_t operations) {
  std::vector<Mix> mixes;
  mixes.push_back(MakeMix("all sizes", kBands, seed, 2, operations));
  for (const SizeBand& band : kBands) {
    // The shadow map needs seconds for a hundred operations on the largest.
    const bool is_large = band.most > 64 << 10, is_largest = band.most > 1 << 20;
    mixes.push_back(MakeMix(band.name, {&band, 1}, seed, 1,
                            is_largest ? operations / 100 : is_large ? operations / 20 : operations));
  }
  return mixes;
}

}  // namespace breakproof::bench
