// Arithmetic on numbers that come straight from a caller, who may pass anything up to 2^64 - 1.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

// The largest request that can succeed: differences of pointers into an object must be
// representable (PTRDIFF_MAX), and a break increment is as signed as they are.
inline constexpr std::uint64_t kMaxRequest = INT64_MAX;

// A result, or the news that the true result does not fit; `value` then means nothing.
template <typename Word>
struct Checked {
  Word value;
  Bool<Word> overflow;
};

// x + y. Theorem Z7.
template <typename Word>
constexpr Checked<Word> CheckedAdd(Word x, Word y) {
  const Word sum = x + y;
  return {sum, sum < x};
}

// x * y, for calloc and reallocarray. Theorem Z8.
template <typename Word>
constexpr Checked<Word> CheckedMultiply(Word x, Word y) {
  const Product<Word> product = Multiply(x, y);
  return {product.low, product.high != 0};
}

// The smallest multiple of `alignment`, a power of two, that is at least x. Theorem Z9.
template <typename Word>
constexpr Checked<Word> CheckedAlignUp(Word x, Word alignment) {
  const Checked<Word> sum = CheckedAdd<Word>(x, alignment - 1);
  return {AlignDown(sum.value, alignment), sum.overflow};
}

// The bytes of the fewest pages that hold `bytes`; 0 for 0. Theorem Z10.
template <typename Word>
constexpr Checked<Word> CheckedPageRound(Word bytes) {
  return CheckedAlignUp<Word>(bytes, kPageSize);
}

}  // namespace breakproof::arithmetic
