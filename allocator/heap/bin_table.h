// From the size of a request to its bin, for the fast path: one load.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/class_table.h"

namespace breakproof::allocator {

inline constexpr std::uint64_t kClasses = arithmetic::kClassCount;

// Free blocks of one class that a thread keeps at hand, last in first out.
struct Bin {
  struct FreeBlock* head;
  std::int32_t room;      // blocks that may still be added; below 0 the bin overflows
  std::int32_t capacity;  // room when empty
};
static_assert(sizeof(Bin) == 16, "kBinOffsets counts in these");

// How many blocks a bin holds at most: enough that ping-pong between two threads' worth of work stays in it,
// little enough that what all bins hold together stays small beside the program.
constexpr std::int32_t BinCapacity(std::uint64_t size_class) {
  constexpr std::uint64_t kBytes = 16 * 1024;
  constexpr std::uint64_t kMost = 256;
  const std::uint64_t blocks = kBytes / arithmetic::kClassSizes[size_class];
  return static_cast<std::int32_t>(blocks > kMost ? kMost : blocks < 2 ? 2 : blocks);
}

struct BinOffsetTable {
  std::uint16_t of[arithmetic::kMaxTableSize / arithmetic::kMinAlignment + 1];
};

// Byte offsets of bins in a ThreadHeap, whose first member they are, by 16-byte granules of the request.
inline constexpr BinOffsetTable kBinOffsets = [] {
  BinOffsetTable table = {};
  for (std::uint64_t granule = 0; granule <= arithmetic::kMaxTableSize / arithmetic::kMinAlignment; ++granule) {
    table.of[granule] = static_cast<std::uint16_t>(arithmetic::kGranuleTable.class_of[granule] * sizeof(Bin));
  }
  return table;
}();

}  // namespace breakproof::allocator
