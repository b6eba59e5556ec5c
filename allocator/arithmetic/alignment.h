// Powers of two, and rounding to them. All quantities are bytes or addresses.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

// The unit of the kernel: spans, mappings and break movements are whole pages.
inline constexpr std::uint64_t kPageShift = 12;
inline constexpr std::uint64_t kPageSize = std::uint64_t{1} << kPageShift;

// What every block is aligned to (alignof(std::max_align_t) on x86-64).
inline constexpr std::uint64_t kMinAlignmentShift = 4;
inline constexpr std::uint64_t kMinAlignment = std::uint64_t{1} << kMinAlignmentShift;
static_assert(kMinAlignment >= alignof(long double),
              "malloc's blocks must suit every fundamental type");

// The largest power of two that a Word holds.
inline constexpr std::uint64_t kMaxAlignment = std::uint64_t{1} << 63;

// The number (0 to 63) of the highest bit set in x. x must not be 0. Theorem Z1.
template <typename Word>
constexpr Word HighestBit(Word x) {
  return WordPolicy<Word>::HighestBit(x);
}

// Whether x is a power of two; 0 is none. Theorem Z2.
template <typename Word>
constexpr Bool<Word> IsPowerOfTwo(Word x) {
  return x != 0 && (x & (x - 1)) == 0;
}

// Whether posix_memalign accepts the alignment: a power of two, and a multiple of a pointer's size.
// Theorem Z3.
template <typename Word>
constexpr Bool<Word> IsPosixAlignment(Word alignment) {
  return IsPowerOfTwo(alignment) && alignment >= sizeof(void*);
}

// The alignment that a block gets when the caller asks for any number: the next power of two, at
// least kMinAlignment. glibc's memalign accepts such numbers. `alignment` must be at most
// kMaxAlignment. Theorem Z4.
template <typename Word>
constexpr Word EffectiveAlignment(Word alignment) {
  const Word at_least = Select<Word>(alignment > kMinAlignment, alignment, kMinAlignment);
  return Word(2) << HighestBit<Word>(at_least - 1);
}

// The largest multiple of `alignment` that is at most x. `alignment` must be a power of two.
// Theorem Z5.
template <typename Word>
constexpr Word AlignDown(Word x, Word alignment) {
  return x & ~(alignment - 1);
}

// The smallest multiple of `alignment` that is at least x. `alignment` must be a power of two, and
// that multiple must be below 2^64; CheckedAlignUp in checked.h is for an x that nobody has
// bounded. Theorem Z6.
template <typename Word>
constexpr Word AlignUp(Word x, Word alignment) {
  return AlignDown<Word>(x + (alignment - 1), alignment);
}

}  // namespace breakproof::arithmetic
