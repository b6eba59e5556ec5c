// Span lookup: where the page map keeps what it knows about an address.
//
// The map has two levels. The root has a slot for each gibibyte of the address space; a leaf, made
// when it is first needed, has a slot for each page of its gibibyte.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/word.h"

namespace breakproof::arithmetic {

// Addresses of user space: 47 bits with four levels of page tables, and one to spare.
inline constexpr std::uint64_t kAddressBits = 48;
inline constexpr std::uint64_t kLeafBits = 18;
inline constexpr std::uint64_t kRootBits = kAddressBits - kPageShift - kLeafBits;
inline constexpr std::uint64_t kLeafSlots = std::uint64_t{1} << kLeafBits;
inline constexpr std::uint64_t kRootSlots = std::uint64_t{1} << kRootBits;

// Whether the map covers the address. What a caller passes to free may be any number. Theorem Z38.
template <typename Word>
constexpr Bool<Word> IsMappable(Word address) {
  return (address >> kAddressBits) == 0;
}

// The slot in the root. The address must be mappable. Theorems Z38 to Z41.
template <typename Word>
constexpr Word RootIndex(Word address) {
  return address >> (kPageShift + kLeafBits);
}

// The slot in the leaf, for any address. Theorems Z38 to Z41.
template <typename Word>
constexpr Word LeafIndex(Word address) {
  return (address >> kPageShift) & (kLeafSlots - 1);
}

// The address of the page that has these slots. Theorem Z39.
template <typename Word>
constexpr Word PageAddress(Word root_index, Word leaf_index) {
  return ((root_index << kLeafBits) | leaf_index) << kPageShift;
}

}  // namespace breakproof::arithmetic
