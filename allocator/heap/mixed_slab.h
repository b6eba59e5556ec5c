// Mixed slabs: where a few survivors of one class hold pages that other classes could use, those pages serve all.
//
// A mixed slab is one page, cut into units of 16 bytes as a slab of the smallest class is; a block in it is as many
// units in a row as its class has. It comes from an ordinary slab of which little is in use, when the heap would have to
// grow otherwise or a thread begins to use another class, and goes back to the page heap when it is empty. `free_blocks`
// are its free units, `used` counts the others, `lengths` has the number of units at the first one of each block, and 0
// elsewhere.
//
// It has no owner on paper, so that every free of its blocks takes the slow path, and `owner_id` says whose it is. The
// owner alone changes it. Others may look at the length of a block that they were handed; it stays while the block lives.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arithmetic/class_table.h"
#include "allocator/heap/unit_runs.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator::mixed {

inline constexpr std::uint64_t kUnit = arithmetic::kMinAlignment;  // bytes
static_assert(arithmetic::kClassSizes[0] == kUnit && UnitSet::kUnits * kUnit == kPageSize &&
                  UnitSet::kUnits == arithmetic::kMaxSlabBlocks,
              "a mixed slab looks like a slab of the smallest class");

// Larger blocks hardly find a run among survivors.
inline constexpr std::uint64_t kMostBytes = 2048;

inline UnitSet FreeUnits(const Span& slab) {
  return {{slab.free_blocks[0], slab.free_blocks[1], slab.free_blocks[2], slab.free_blocks[3]}};
}

inline std::uint64_t UnitOf(const Span& slab, std::uintptr_t address) { return (address - slab.start) / kUnit; }

// Whether so little of an ordinary slab is in use that it should rather be a mixed one.
bool IsSparse(const Span& slab);

// Makes an ordinary slab a mixed one. `lengths` are zero.
void Mix(Span* slab, std::uint8_t* lengths);

// Blocks of a class, with the class's alignment, into `blocks`: as many as there is room for, at most `most`. Returns how
// many. `blocks` may lie where other threads look.
std::uint32_t Take(Span* slab, std::uint64_t size_class, void** blocks, std::uint32_t most);

// Takes a block back, by its first unit; it must be one. Returns how many free units in a row it is now part of.
std::uint64_t Give(Span* slab, std::uint64_t first);

}  // namespace breakproof::allocator::mixed

namespace breakproof::allocator {

// Bytes of the block of a slab that begins at `address`; 0 if none does, which is seen only in a mixed slab. Any thread
// may ask for a block that it was handed, even while the owner makes the slab a mixed one.
inline std::size_t BlockBytes(const Span& slab, std::uintptr_t address) {
  const std::uint8_t size_class = __atomic_load_n(&slab.size_class, __ATOMIC_ACQUIRE);
  const std::uint8_t* const lengths = __atomic_load_n(&slab.lengths, __ATOMIC_ACQUIRE);
  if (lengths == nullptr) return arithmetic::kClassInfo.of[size_class].size;
  return __atomic_load_n(&lengths[mixed::UnitOf(slab, address)], __ATOMIC_RELAXED) * mixed::kUnit;
}

}  // namespace breakproof::allocator
