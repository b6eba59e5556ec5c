// What the harness writes into blocks, and how it recognises that a byte changed.
//
// Every block has a seed of its own; each aligned word of it is a function of the seed and the word's
// offset, so a byte that came from another block or another offset is recognised. Blocks up to
// kFullLength are covered byte by byte; larger ones at their first and last page and at a stripe in every
// page, and enormous ones at stripes whose distance doubles, so that an overcommitted block of
// gigabytes is not made resident.
//
// No library, no allocation, no exceptions: runs inside the worker process.
#pragma once

#include <cstdint>

namespace breakproof::harness {

inline constexpr std::uint64_t kFullLength = 256 * 1024;        // bytes covered completely
inline constexpr std::uint64_t kStripedLength = 64ull << 20;    // bytes covered by a stripe a page
inline constexpr std::uint64_t kStripe = 64;                    // bytes

// Seed of the block that the operation at `index` makes; never 0, equal for equal indices.
std::uint64_t SeedOf(std::uint32_t index);

// The byte that belongs at `offset` of a block with this seed.
std::uint8_t PatternByte(std::uint64_t seed, std::uint64_t offset);

// Fills the covered parts of bytes [begin, end) of the block at `base`.
void Fill(void* base, std::uint64_t seed, std::uint64_t begin, std::uint64_t end);

// Offset of the first covered byte in [begin, end) that is not as Fill(base, seed, begin, end) left it,
// looking no further than `limit` (for a prefix that must survive); `end` if there is none.
std::uint64_t FirstChanged(const void* base, std::uint64_t seed, std::uint64_t begin, std::uint64_t end,
                           std::uint64_t limit);

// Offset of the first byte in [0, length) that is not zero among those looked at (all of the first
// MiB, then as above); `length` if there is none.
std::uint64_t FirstNonZero(const void* base, std::uint64_t length);

}  // namespace breakproof::harness
