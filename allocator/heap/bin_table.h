// Bins: the free blocks that a thread keeps at hand, last in first out.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/class_table.h"

namespace breakproof::allocator {

inline constexpr std::uint64_t kClasses = arithmetic::kClassCount;

// How many blocks a thread keeps at hand of one class: its bin overflows when it reaches so many. Enough that
// taking and giving back in turn stays in it, little enough that all bins together are small beside the program.
constexpr std::int32_t BinCapacity(std::uint64_t size_class) {
  constexpr std::uint64_t kBytes = 16 * 1024;
  constexpr std::uint64_t kMost = 256;
  const std::uint64_t blocks = kBytes / arithmetic::kClassSizes[size_class];
  return static_cast<std::int32_t>(blocks > kMost ? kMost : blocks < 3 ? 3 : blocks);
}

// A refill leaves the bin about half full: room to grow, and blocks to take.
constexpr std::int32_t RefillCount(std::uint64_t size_class) { return BinCapacity(size_class) / 2; }

}  // namespace breakproof::allocator
