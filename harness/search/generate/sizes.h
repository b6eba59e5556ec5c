// Sizes and alignments as they break allocators: from the boundaries of policy, a few bytes to each side.
#pragma once

#include <cstdint>

#include "harness/search/generate/random.h"

namespace breakproof::harness {

// Bytes, up to a few KiB: class edges and odd sizes.
std::uint64_t PickSmallSize(Random& random);

// Bytes, 0 to 64 MiB, mostly small: class edges, pages, powers of two, the mapping threshold.
std::uint64_t PickSize(Random& random);

// Bytes, 64 KiB to 64 MiB: around the thresholds, and odd sizes between.
std::uint64_t PickLargeSize(Random& random);

// A size that no allocator can serve: near SIZE_MAX or PTRDIFF_MAX, or far beyond memory.
std::uint64_t PickAbsurdSize(Random& random);

// A power of two, 1 to 4 MiB, mostly at most a page.
std::uint64_t PickAlignment(Random& random);

// Any 64-bit number an aligned entry point could be given: powers of two up to 2^63, zero, others.
std::uint64_t PickWildAlignment(Random& random);

}  // namespace breakproof::harness
