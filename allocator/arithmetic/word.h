// The integer type that the allocator's arithmetic is written for, as a policy.
//
// Every function of this folder is a template over `Word`. Production uses std::uint64_t. A prover
// uses a type whose values are terms of a solver, so that what is proved is this very source. A
// condition on terms is itself a term, which `if` and `?:` cannot decide: the templates use Select,
// &&, || and !.
#pragma once

#include <cstdint>

namespace breakproof::arithmetic {

// A product in full: high * 2^64 + low.
template <typename Word>
struct Product {
  Word low;
  Word high;
};

// What a Word has to offer besides unsigned arithmetic modulo 2^64; the functions that use it say
// what each of these means. To be specialised for each Word.
template <typename Word>
struct WordPolicy;

template <>
struct WordPolicy<std::uint64_t> {
  using Bool = bool;

  static constexpr std::uint64_t Select(bool condition, std::uint64_t yes, std::uint64_t no) {
    return condition ? yes : no;
  }

  static constexpr std::uint64_t HighestBit(std::uint64_t x) {
    return 63 - static_cast<std::uint64_t>(__builtin_clzll(x));
  }

  static constexpr Product<std::uint64_t> Multiply(std::uint64_t x, std::uint64_t y) {
    const unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
    return {static_cast<std::uint64_t>(product), static_cast<std::uint64_t>(product >> 64)};
  }
};

// The type of a condition on Words.
template <typename Word>
using Bool = typename WordPolicy<Word>::Bool;

// `yes` where the condition holds, else `no`. Both are always evaluated.
template <typename Word>
constexpr Word Select(Bool<Word> condition, Word yes, Word no) {
  return WordPolicy<Word>::Select(condition, yes, no);
}

// x * y in full.
template <typename Word>
constexpr Product<Word> Multiply(Word x, Word y) {
  return WordPolicy<Word>::Multiply(x, y);
}

}  // namespace breakproof::arithmetic
