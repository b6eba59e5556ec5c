// Bins: the free blocks that a thread keeps at hand, last in first out. A bin is an array of addresses, not a list
// through the blocks: what a caller writes to freed memory cannot reach it, and taking a block does not wait for
// the block's own cache line.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/class_table.h"

namespace breakproof::allocator {

inline constexpr std::uint64_t kClasses = arithmetic::kClassCount;

// How many blocks a thread keeps at hand of one class. Enough that taking and giving back in turn stays in it,
// little enough that all bins together are small beside the program.
constexpr std::uint32_t BinCapacity(std::uint64_t size_class) {
  constexpr std::uint64_t kBytes = 4 * 1024;
  constexpr std::uint64_t kMost = 48;
  const std::uint64_t blocks = kBytes / arithmetic::kClassSizes[size_class];
  return static_cast<std::uint32_t>(blocks > kMost ? kMost : blocks < 1 ? 1 : blocks);
}

// Where the bins lie in one array of addresses. Below each bin is a slot that stays null: a bin whose top is there
// is empty, and the fast path needs no count.
struct BinTable {
  std::uint16_t bottom[kClasses];  // the slot that stays null
  std::uint16_t limit[kClasses];   // the last slot of the bin
  std::uint16_t slots;             // of all bins
  std::uint16_t first;             // the class whose bin begins at slot 0
};

// The small bins of large blocks come first, next to the thread heap itself: a small program needs two pages of it.
constexpr BinTable MakeBinTable() {
  constexpr std::uint64_t kFirst = arithmetic::SizeToClass<std::uint64_t>(2049);
  BinTable table = {};
  table.first = kFirst;
  std::uint32_t next = 0;
  for (std::uint64_t i = 0; i < kClasses; ++i) {
    const std::uint64_t size_class = (kFirst + i) % kClasses;
    table.bottom[size_class] = static_cast<std::uint16_t>(next);
    next += BinCapacity(size_class);
    table.limit[size_class] = static_cast<std::uint16_t>(next);
    ++next;
  }
  table.slots = static_cast<std::uint16_t>(next);
  return table;
}

inline constexpr BinTable kBins = MakeBinTable();
static_assert(kBins.slots < UINT16_MAX && kBins.limit[0] > kBins.bottom[0], "an index does not fit its field");
static_assert(kBins.bottom[kBins.first] == 0, "a thread heap of zeroes must find its bins empty: slot 0 stays null");

// The same as BinCapacity, without its division: asked for with every refill.
constexpr std::uint32_t Room(std::uint64_t size_class) { return kBins.limit[size_class] - kBins.bottom[size_class]; }

// A refill leaves the bin about half full: room to grow, and blocks to take.
constexpr std::uint32_t RefillCount(std::uint64_t size_class) { return (Room(size_class) + 1) / 2; }

// A thread that has hardly used a class takes fewer: 128 bytes, or one block.
inline constexpr std::uint64_t kMostFirstBytes = 1024;  // of a block: three larger ones fill a page
constexpr std::uint32_t FirstCount(std::uint64_t size_class) {
  constexpr std::uint64_t kBytes = 128;
  const std::uint64_t blocks = kBytes / arithmetic::kClassSizes[size_class];
  return blocks > 1 ? static_cast<std::uint32_t>(blocks) : 1;
}

// What stays at hand from a thread that has ended to the next one: enough that their slabs stay where they are.
constexpr std::uint32_t RestingCount(std::uint64_t size_class) { return Room(size_class) / 8; }

}  // namespace breakproof::allocator
