// Slab geometry: how many pages a class's slab has, and which block of it an address is in.
//
// A slab is the shortest run of pages that holds enough blocks of its class and wastes little at its end. Short
// slabs become free as a whole sooner, and their pages go to whatever class needs them next: what a program keeps
// resident comes from pages that a few survivors pin. All sizes and offsets are bytes; an offset counts from the
// first byte of the slab, which is at a page.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/size_class.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

inline constexpr std::uint64_t kMaxSlabPages = 16;
// A slab's description has a bit a block. Theorem Z20: no slab has more.
inline constexpr std::uint64_t kMaxSlabBlocks = 256;
// At most this part of a slab is left over behind its last block. Of larger blocks there are rarely many: there a block
// that nobody needs costs more than a longer tail.
template <typename Word>
constexpr Word MaxTailPart(Word class_size) {
  return Select<Word>(class_size <= 1024, 16, 8);
}

// Block indices are found by multiplication with a reciprocal that has this many fractional bits.
inline constexpr std::uint64_t kReciprocalShift = 32;

// The length of a slab, in pages and in blocks.
template <typename Word>
struct SlabShape {
  Word pages;
  Word blocks;
};

// So many blocks make a slab worth its description and the page heap's work: fewer of the larger ones, which are
// dearer to leave unused.
template <typename Word>
constexpr Word MinSlabBlocks(Word class_size) {
  return Select<Word>(class_size <= 512, 8, Select<Word>(class_size <= 8192, 2, 1));
}

template <typename Word>
constexpr Bool<Word> IsGoodShape(SlabShape<Word> shape, Word class_size) {
  const Word bytes = shape.pages * kPageSize;
  return shape.blocks >= MinSlabBlocks(class_size) &&
         (bytes - shape.blocks * class_size) * MaxTailPart(class_size) <= bytes;
}

// The slab of a class: the shortest good one. `class_size` must be a class's size. Theorems Z19 and Z20.
template <typename Word>
constexpr SlabShape<Word> ShapeOfSlab(Word class_size) {
  Word pages = kMaxSlabPages;
  for (std::uint64_t shorter = kMaxSlabPages - 1; shorter > 0; --shorter) {
    const Word blocks = Word(shorter * kPageSize) / class_size;
    pages = Select<Word>(IsGoodShape<Word>({shorter, blocks}, class_size), shorter, pages);
  }
  return {pages, pages * kPageSize / class_size};
}

// 2^32 / class_size, rounded up. `class_size` must be a class's size. Theorems Z21 and Z42.
template <typename Word>
constexpr Word ReciprocalOf(Word class_size) {
  const Word scale = std::uint64_t{1} << kReciprocalShift;
  return (scale + (class_size - 1)) / class_size;
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
