// Slab geometry: how many pages a class's slab has, and which block of it an address is in.
//
// A class of n * 2^k bytes with n from 9 to 16 gets a slab of n pages: it holds a power of two of
// blocks and nothing is left over at its end. Slabs of many small blocks are halved where that
// leaves whole pages. A class above 64 KiB is whole pages itself: its slab is one block. All sizes
// and offsets are bytes; an offset counts from the first byte of the slab, which is at a page.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/size_class.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

// Up to this class size a slab follows the rule of n pages.
inline constexpr std::uint64_t kMaxSlabRuleSize = kPageSize << (kClassesPerDoublingShift + 1);

// A slab is not halved below these.
inline constexpr std::uint64_t kMinSlabPages = 4;
inline constexpr std::uint64_t kMinHalvedBlocks = 16;

// Block indices are found by multiplication with a reciprocal that has this many fractional bits.
inline constexpr std::uint64_t kReciprocalShift = 32;

// The length of a slab, in pages and in blocks.
template <typename Word>
struct SlabShape {
  Word pages;
  Word blocks;
};

// Half of the slab, or the whole where a half would be broken or too small. Theorems Z19 and Z20.
template <typename Word>
constexpr SlabShape<Word> HalveIfWhole(SlabShape<Word> shape) {
  const Bool<Word> whole = (shape.pages & 1) == 0 && shape.pages >= 2 * kMinSlabPages &&
                           shape.blocks >= 2 * kMinHalvedBlocks;
  const Word shift = Select<Word>(whole, 1, 0);
  return {shape.pages >> shift, shape.blocks >> shift};
}

// The slab of a class. `class_size` must be a class's size. Theorems Z19 and Z20.
template <typename Word>
constexpr SlabShape<Word> ShapeOfSlab(Word class_size) {
  const Word unit_shift = HighestBit<Word>(class_size - 1) - kClassesPerDoublingShift;
  const Bool<Word> by_rule = class_size <= kMaxSlabRuleSize;
  const Word pages = Select<Word>(by_rule, class_size >> unit_shift, class_size >> kPageShift);
  const Word blocks = Select<Word>(by_rule, Word(kPageSize) >> unit_shift, 1);
  return HalveIfWhole(HalveIfWhole(SlabShape<Word>{pages, blocks}));
}

// 2^32 / class_size, rounded up; 1 where a slab is a single block beyond the rule, since only offset
// 0 begins a block there. `class_size` must be a class's size. Theorems Z21 and Z42.
template <typename Word>
constexpr Word ReciprocalOf(Word class_size) {
  const Word scale = std::uint64_t{1} << kReciprocalShift;
  return Select<Word>(class_size <= kMaxSlabRuleSize, (scale + (class_size - 1)) / class_size, 1);
}

// The index of the block that holds the byte at `offset`, which must be inside the slab: offset /
// class_size, without the division. `reciprocal` is ReciprocalOf the class's size. Theorems Z21 and
// Z22.
template <typename Word>
constexpr Word BlockIndex(Word offset, Word reciprocal) {
  return (offset * reciprocal) >> kReciprocalShift;
}

// Whether `offset`, which must be inside the slab, is where a block begins: whether the fractional bits of
// offset / class_size are as good as zero. After Lemire, Kaser and Kurz, "Faster remainder by direct
// computation". Theorem Z42.
template <typename Word>
constexpr Bool<Word> IsBlockStart(Word offset, Word reciprocal) {
  return ((offset * reciprocal) & ((std::uint64_t{1} << kReciprocalShift) - 1)) < reciprocal;
}

// The offset of the block's first byte. `index` must be below the slab's number of blocks. Theorems
// Z22 and Z23.
template <typename Word>
constexpr Word BlockOffset(Word index, Word class_size) {
  return index * class_size;
}

}  // namespace breakproof::arithmetic
