// The operations that every contestant performs: the same for all, with sizes from fixed bands.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/case/case.h"

namespace breakproof::bench {

// Sizes of which each doubling is as likely as any other.
struct SizeBand {
  const char* name;
  std::uint64_t least, most;  // bytes
  unsigned share;             // of a thousand allocations
};

// What programs ask for, large blocks among it: the mean is 9 KiB, of which the last two bands make 70 %.
inline constexpr SizeBand kBands[] = {
    {"16 B to 128 B", 16, 128, 450},          {"129 B to 1 KiB", 129, 1 << 10, 300},
    {"1 to 8 KiB", 1 << 10, 8 << 10, 170},    {"8 to 64 KiB", 8 << 10, 64 << 10, 70},
    {"64 KiB to 1 MiB", 64 << 10, 1 << 20, 9}, {"1 to 8 MiB", 1 << 20, 8 << 20, 1},
};

struct Mix {
  std::string name;
  std::vector<harness::Case> cases;
  std::uint64_t operations = 0;  // of all cases
};

// Cases of malloc, calloc, realloc, aligned allocations, frees and malloc_usable_size on one thread, some 400 blocks or
// 64 MiB live, all freed at the end, with sizes from these bands. Pure.
Mix MakeMix(std::string name, std::span<const SizeBand> bands, std::uint64_t seed, int cases, std::uint32_t operations);

// One of all bands, then one of each. Cases have this many operations, fewer if all their blocks are large.
std::vector<Mix> AllMixes(std::uint64_t seed, std::uint32_t operations);

}  // namespace breakproof::bench
