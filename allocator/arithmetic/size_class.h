// Size classes: which of the 72 block sizes serves a request.
//
// Up to 128 bytes there is a class for every multiple of 16; above, eight equally spaced classes
// for each doubling, up to 32 KiB:
//
//   16 32 48 ... 128 | 144 160 ... 256 | 288 320 ... 512 | ... | 18432 20480 ... 32768
//
// A block is thus at most 15 bytes, or less than an eighth of the request, larger than the request;
// a request of 0 bytes gets 16.
// All sizes and alignments are bytes.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

inline constexpr std::uint64_t kClassesPerDoublingShift = 3;  // eight
inline constexpr std::uint64_t kClassesPerDoubling = std::uint64_t{1} << kClassesPerDoublingShift;

// Classes are multiples of kMinAlignment up to 2^kLinearShift, and geometric above.
inline constexpr std::uint64_t kLinearShift = 7;
inline constexpr std::uint64_t kLinearLimit = std::uint64_t{1} << kLinearShift;
static_assert(kLinearLimit == kMinAlignment * kClassesPerDoubling,
              "the linear part must end where spacing doubles");

// The largest class, and the number of classes: one group of eight up to 2^7, one for each doubling
// up to 2^15. What is larger is whole pages, which the page heap joins and cuts to any length.
inline constexpr std::uint64_t kMaxClassShift = 15;
inline constexpr std::uint64_t kMaxClassSize = std::uint64_t{1} << kMaxClassShift;
inline constexpr std::uint64_t kClassCount =
    (kMaxClassShift - kLinearShift + 1) * kClassesPerDoubling;
static_assert(kMaxClassSize % kPageSize == 0,
              "rounding a request up to an alignment must not leave the classes");

// The smallest class whose blocks hold `size` bytes; class 0 for size 0. Below kClassCount exactly
// when `size` is at most kMaxClassSize; larger sizes give larger numbers, which name no class.
// Theorems Z11 to Z14.
template <typename Word>
constexpr Word SizeToClass(Word size) {
  const Word last_byte = size - Select<Word>(size != 0, 1, 0);
  // Classes are 2^spacing apart around this size: 2^4 up to 2^8, an eighth of the doubling's start
  // above.
  const Word spacing = HighestBit<Word>((last_byte | kLinearLimit) >> kClassesPerDoublingShift);
  // A size in the n-th step of its doubling gives 8 + n here; in the linear part, n.
  const Word step = last_byte >> spacing;
  return ((spacing - kMinAlignmentShift) << kClassesPerDoublingShift) + step;
}

// The size of a block of the class. `size_class` must be below kClassCount. Theorems Z15 and Z16.
template <typename Word>
constexpr Word ClassToSize(Word size_class) {
  const Word group = size_class >> kClassesPerDoublingShift;
  const Word step = (size_class & (kClassesPerDoubling - 1)) + 1;
  const Bool<Word> linear = group == 0;
  // So many units of 2^spacing bytes: 1 to 8 in the linear part, 9 to 16 above.
  const Word units = step + Select<Word>(linear, 0, kClassesPerDoubling);
  const Word spacing = kMinAlignmentShift + group - Select<Word>(linear, 0, 1);
  return units << spacing;
}

// The power of two that every block of a class is aligned to when its slab starts at a page: the
// largest one that divides the block size, but at most a page. `class_size` must not be 0. Theorems
// Z17 and Z23.
template <typename Word>
constexpr Word NaturalAlignment(Word class_size) {
  const Word lowest_bit = class_size & (~class_size + 1);
  return Select<Word>(lowest_bit < kPageSize, lowest_bit, kPageSize);
}

// Whether a class serves requests of this size and alignment (a power of two). Theorem Z18.
template <typename Word>
constexpr Bool<Word> HasAlignedClass(Word size, Word alignment) {
  return size <= kMaxClassSize && alignment <= kPageSize;
}

// A class whose blocks hold `size` bytes and are all aligned to `alignment`, for which
// HasAlignedClass must hold. A multiple of the alignment is either a class itself, or lies where
// classes are multiples of the alignment, so rounding the size up is enough. Theorem Z18.
template <typename Word>
constexpr Word AlignedSizeToClass(Word size, Word alignment) {
  const Word at_least_one = size + Select<Word>(size == 0, 1, 0);
  return SizeToClass(AlignUp(at_least_one, alignment));
}

}  // namespace breakproof::arithmetic
