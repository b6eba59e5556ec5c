// What the harness writes into blocks, and how it recognises that a byte changed.
//
// Every block has a seed of its own; each aligned word of it is a function of the seed and the word's
// offset, so a byte that came from another block or another offset is recognised. Blocks up to
// kFullLength are covered byte by byte; larger ones at their first and last page and at stripes between,
// one in every page up to kDenseLength and kSparseStripes of them beyond: page faults would otherwise be
// all that a run does, and an overcommitted block of gigabytes would become resident.
//
// No library, no allocation, no exceptions: runs inside the worker process.
#pragma once

#include <cstdint>

namespace breakproof::harness {

inline constexpr std::uint64_t kFullLength = 64 * 1024;     // bytes
inline constexpr std::uint64_t kDenseLength = 128 * 1024;   // bytes
inline constexpr std::uint64_t kSparseStripes = 16;
inline constexpr std::uint64_t kStripe = 64;                // bytes

// Calls visit(from, to) for the covered parts of bytes [begin, end) in ascending order until it returns false.
template <typename Visit>
void ForEachCovered(std::uint64_t begin, std::uint64_t end, Visit visit) {
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t length = end - begin;
  if (length <= kFullLength) {
    visit(begin, end);
    return;
  }
  if (!visit(begin, begin + kPage)) return;
  const std::uint64_t last = end - kPage;
  const std::uint64_t step = length <= kDenseLength ? kPage : length / kSparseStripes / kPage * kPage;
  for (std::uint64_t at = begin + step; at < last; at += step) {
    if (!visit(at, at + kStripe < last ? at + kStripe : last)) return;
  }
  visit(last, end);
}

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

// Offset of the first covered byte in [0, length) that is not zero; `length` if there is none.
std::uint64_t FirstNonZero(const void* base, std::uint64_t length);

// Zeroes the covered parts of bytes [0, length).
void FillZero(void* base, std::uint64_t length);

// ---- Copies of the covered parts of a range, one part behind the other: for bytes that are no pattern.

// Their length in bytes.
std::uint64_t CoveredBytes(std::uint64_t begin, std::uint64_t end);

void TakeCopy(const void* base, std::uint64_t begin, std::uint64_t end, std::uint8_t* copy);

// As FirstChanged, against a copy of [begin, end).
std::uint64_t FirstUnlikeCopy(const void* base, const std::uint8_t* copy, std::uint64_t begin, std::uint64_t end,
                              std::uint64_t limit);

// The byte of the copy that belongs at `offset`, which is covered.
std::uint8_t CopiedByte(const std::uint8_t* copy, std::uint64_t begin, std::uint64_t end, std::uint64_t offset);

// memcpy, also from and into blocks that are hidden.
void CopyBytes(void* to, const void* from, std::uint64_t length);

}  // namespace breakproof::harness
