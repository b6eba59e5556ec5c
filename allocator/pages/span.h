// A span: a run of whole pages with one use. Its description lies out of band, so that an overflow of a block
// cannot reach it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arithmetic/alignment.h"

namespace breakproof::allocator {

inline constexpr std::uint64_t kPageSize = arithmetic::kPageSize;
inline constexpr std::uint64_t kPageShift = arithmetic::kPageShift;

enum class SpanUse : std::uint8_t {
  kUnused,   // the description itself is unused
  kFree,     // in the page heap
  kSlab,     // cut into blocks of one size class
  kLarge,    // one block, of the page heap
  kMapping,  // one block, a mapping of its own
};

struct alignas(128) Span {
  std::uintptr_t start;   // address of the first page
  std::uint64_t pages;
  Span* next;             // in the list of its use: free spans, partial slabs, unused descriptions
  Span* previous;
  // Where the pages came from, and so how they can be given back: the address of the segment (a mapping that
  // the page heap retails), or 0 for the break. Spans of different segments are never joined.
  std::uintptr_t segment;
  SpanUse use;
  std::uint8_t size_class;  // kSlab
  bool is_zero;             // kFree: every byte is zero (fresh, or discarded)
  bool is_listed;           // kSlab: in its thread heap's list of slabs with room
  std::uint16_t owner;      // kSlab: id of the thread heap

  std::uint32_t carved;     // kSlab: blocks cut so far; those behind have never been touched
  std::uint32_t used;       // kSlab: blocks handed out, to callers or to the owner's bins

  union {
    void* free_list;           // kSlab: blocks that were freed into it
    std::uintptr_t payload;    // kLarge, kMapping: the block; behind `start` where an alignment asks for it
    std::uint64_t free_since;  // kFree: milliseconds
  };
  // kFree: the queue of spans that wait to be discarded. In use: the list of all such spans.
  Span* next_in_heap;
  Span* previous_in_heap;
  bool is_queued;  // kFree

  std::uint64_t bytes() const { return pages << kPageShift; }
  std::uintptr_t end() const { return start + bytes(); }
};
static_assert(sizeof(Span) == 128, "the low seven bits of its address carry a size class in the page map");

}  // namespace breakproof::allocator
