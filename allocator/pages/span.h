// A span: a run of whole pages with one use. Its description lies out of band, so that an overflow of a block
// cannot reach it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/slab.h"

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

// Addresses from `start` to before `end`, both at pages; none if they are equal.
struct PageRange {
  std::uintptr_t start;
  std::uintptr_t end;

  bool IsEmpty() const { return start == end; }
  std::uint64_t pages() const { return (end - start) >> kPageShift; }
  // What lies within these bounds.
  PageRange Within(std::uintptr_t lower, std::uintptr_t upper) const {
    const PageRange part = {start > lower ? start : lower, end < upper ? end : upper};
    return part.start < part.end ? part : PageRange{};
  }
  // The shortest range that holds both.
  PageRange Around(const PageRange& other) const {
    if (IsEmpty()) return other;
    if (other.IsEmpty()) return *this;
    return {start < other.start ? start : other.start, end > other.end ? end : other.end};
  }
};

struct alignas(64) Span {
  // What every free reads, any thread's: set when the span is taken into use, then left alone until it is free, but
  // where a slab becomes a mixed one.
  std::uintptr_t start;      // address of the first page
  const void* owner;         // kSlab, not mixed: the thread heap it belongs to; null for every other use
  std::uint32_t reciprocal;  // kSlab: for arithmetic::IsBlockStart
  std::uint16_t owner_id;    // kSlab, mixed or not
  SpanUse use;
  std::uint8_t size_class;   // kSlab
  std::uint64_t pages;
  // Where the pages came from, and so how they can be given back: the address of the segment (a mapping that
  // the page heap retails), or 0 for the break. Spans of different segments are never joined.
  std::uintptr_t segment;
  union {
    std::uintptr_t payload;    // kLarge, kMapping: the block; behind `start` where an alignment asks for it
    std::uint64_t free_since;  // kFree: milliseconds
    std::uint8_t* lengths;     // kSlab: of a mixed slab's blocks (heap/mixed_slab.h); nullptr for every other slab
  };
  // kFree: the queue of spans that wait to be discarded. In use: the list of all such spans.
  Span* next_in_heap;
  Span* previous_in_heap;

  // What the owner alone changes, on a line of its own.
  Span* next;                // in the list of its use: free spans, slabs with room, unused descriptions
  Span* previous;
  std::uint16_t used;        // kSlab: blocks handed out, to callers or to the owner's bins
  bool is_listed;            // kSlab: in its thread heap's list of slabs with room
  bool is_queued;            // kFree: waits to be discarded
  bool may_be_too_long;      // kSlab: realloc has left a block in it that is longer than was asked for
  std::uint8_t run_step;     // mixed slab: no run of its free units is of a longer step (UnitSet::RunStep); its list
  std::uint16_t blocks;      // kSlab: that it is cut into

  static constexpr std::uint64_t kBlocksAWord = 64;
  static constexpr std::uint64_t kWords = arithmetic::kMaxSlabBlocks / kBlocksAWord;
  union {
    // kSlab: a bit a block, set while the slab has it. Out of band as all the rest: no list runs through memory
    // that callers can write, a block given back twice is seen, and blocks leave in the order of their addresses.
    std::uint64_t free_blocks[kWords];
    // kFree, and until the span's use is set: outside of these pages every byte is zero, fresh or discarded.
    PageRange dirty;
  };

  // A slab's owner alone changes its bits; other threads may look (ThreadHeap::IsFree). Released, on x86-64 a plain store:
  // whoever sees the bits of a mixed slab must then find its lengths, by which alone they can be read.
  void SetFreeBlocks(std::uint64_t word, std::uint64_t bits) {
    __atomic_store_n(&free_blocks[word], bits, __ATOMIC_RELEASE);
  }

  // A slab may become a mixed one, and then has no owner, while threads look that do not own it: neither is them.
  const void* OwnerNow() const { return __atomic_load_n(&owner, __ATOMIC_RELAXED); }
  bool IsMixed() const { return use == SpanUse::kSlab && __atomic_load_n(&lengths, __ATOMIC_ACQUIRE) != nullptr; }

  std::uint64_t bytes() const { return pages << kPageShift; }
  std::uintptr_t end() const { return start + bytes(); }
  bool IsZero() const { return dirty.IsEmpty(); }  // only as long as `dirty` is meant
};
static_assert(sizeof(Span) == 128, "two lines: a thirty-second of the shortest slab");
static_assert(offsetof(Span, next) == 64, "what the owner changes must not share a line with what others read");
static_assert(arithmetic::kMaxSlabBlocks % Span::kBlocksAWord == 0 && arithmetic::kMaxSlabBlocks <= 0xffff);

}  // namespace breakproof::allocator
