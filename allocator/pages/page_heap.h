// The page heap: buys memory wholesale, hands it out as spans, joins what comes back, and returns what it can.
//
// Supply is the program break; where that is refused, blocked or taken by somebody else, segments: mappings
// that are retailed in the same way. Every growth tries the break first. The free top of the break is trimmed;
// free spans elsewhere are discarded after a while, so that a block pinned above them does not keep them
// resident, and earlier where more would be resident than ever was (peak.h). Policy: the program's rules on
// wholesale growth, threshold and trimming (README).
//
// Every function needs lock() held. A refusal of the kernel gives nullptr or false and changes nothing else.
#pragma once

#include <cstdint>

#include "allocator/arithmetic/growth.h"
#include "allocator/arithmetic/threshold.h"
#include "allocator/base/lock.h"
#include "allocator/kernel/kernel.h"
#include "allocator/pages/free_spans.h"
#include "allocator/pages/mapping_count.h"
#include "allocator/pages/metadata.h"
#include "allocator/pages/page_map.h"
#include "allocator/pages/peak.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

// Free for so long, a span that is not at the top is discarded. Milliseconds.
inline constexpr std::uint64_t kDecay = 500;

class PageHeap {
 public:
  // Zero-initialised memory plus this call is a page heap.
  void Init(const Kernel& kernel);

  Lock& lock() { return lock_; }
  const Kernel& kernel() const { return kernel_; }
  constexpr PageMap& map() { return map_; }
  const PageMap& map() const { return map_; }
  Metadata& metadata() { return metadata_; }

  // Where the heap may grow: a caller that was just refused a mapping does not ask for another, and one that has
  // something else to try first is content with what is free.
  enum class Supply { kAny, kBreakOnly, kFreeOnly };

  // A span of `pages` pages, entered in the map for none of them; use is the caller's to set. nullptr if there
  // is no memory.
  Span* Allocate(std::uint64_t pages, Supply supply);
  // Whether more would be resident then than ever was.
  bool WouldRaisePeak(std::uint64_t pages);
  // The same, starting at a multiple of `alignment`, a power of two above a page.
  Span* AllocateAligned(std::uint64_t pages, std::uint64_t alignment, Supply supply);
  // Takes a span back. The caller has cleared its entries in the map.
  void Free(Span* span);

  // Makes a span shorter, or longer where what follows it is free (or can be bought); its entries in the map
  // stay as they are. False: nothing changed.
  bool Shrink(Span* span, std::uint64_t pages);
  bool Extend(Span* span, std::uint64_t pages);

  // A mapping of its own, not retailed, with its payload at a multiple of `alignment`, for which the caller has
  // made `bytes`, whole pages, long enough. Only the payload's page can be entered. nullptr if refused.
  Span* Map(std::uint64_t bytes, std::uint64_t alignment);
  // Returns it to the kernel; what the kernel refuses to take is retailed from now on.
  void Unmap(Span* span);
  // Changes the length of a mapping, which may move, its payload with it; false: nothing changed.
  bool Remap(Span* span, std::uint64_t bytes);

  // Lowers the break by what its free top has beyond `pad`, if it has reached `threshold`. True if it moved.
  bool Trim(std::uint64_t threshold, std::uint64_t pad);
  // Discards what has been free for `age` milliseconds.
  void Discard(std::uint64_t age);

  const arithmetic::Threshold<std::uint64_t>& threshold() const { return threshold_; }
  void SetThreshold(const arithmetic::Threshold<std::uint64_t>& threshold);
  // Whether a request gets a mapping of its own. Needs no lock: an answer from just before a change is as good.
  bool WantsMapping(std::uint64_t size) const { return size >= __atomic_load_n(&maps_from_, __ATOMIC_RELAXED); }
  // How many there may be at a time.
  void SetMappingLimit(std::uint64_t limit);
  const MappingCount& mappings() const { return mappings_; }
  std::uint64_t& top_pad() { return top_pad_; }

  // Bytes, for statistics and bounds.
  std::uint64_t break_bytes() const { return break_bytes_; }
  std::uint64_t segment_bytes() const { return segment_bytes_; }
  std::uint64_t most_heap_bytes() const { return most_heap_bytes_; }  // of both together, ever
  const FreeSpans& free_spans() const { return free_; }
  std::uintptr_t break_end() const { return break_end_; }
  // At most so many pages of the heap and of own mappings are resident: what is in use, and what is free and dirty.
  std::uint64_t resident_pages() const {
    return ((break_bytes_ + segment_bytes_ + mappings_.bytes()) >> kPageShift) - free_.pages() + dirty_pages_;
  }
  // Slabs, large blocks and mappings, by next_in_heap.
  const Span* first_used() const { return used_.first; }
  const Span* first_dirty() const { return dirty_.first; }

 private:
  bool Grow(std::uint64_t pages, Supply supply);
  enum class Growth { kRefused, kElsewhere, kGrown };
  Growth GrowBreak(std::uint64_t need, std::uint64_t pad, bool counts_top);
  bool GrowBySegment(std::uint64_t bytes);
  void AddFree(std::uintptr_t start, std::uint64_t bytes, std::uintptr_t segment);
  Span* Top() const;
  Span* FreeNeighbour(std::uintptr_t page, const Span& span) const;
  void Join(Span* span);
  void InsertFree(Span* span, std::uint64_t now);
  void InsertFree(Span* span);
  void RemoveFree(Span* span);
  void CutTail(Span* span, std::uint64_t pages);
  Span* CutFront(Span* span, std::uint64_t pages);
  void DiscardAt(std::uint64_t now, std::uint64_t age);
  bool DiscardOldest(std::uint64_t pages);
  void HoldPeak(std::uint64_t pages);
  void Unqueue(Span* span);
  std::uint64_t Now() const { return kernel_.now(kernel_.context); }
  void AddUsed(Span* span) { Append(span, &used_); }
  void RemoveUsed(Span* span) { Unlink(span, &used_); }
  bool IsWholeSegment(const Span& span) const;
  void RememberMost() {
    if (break_bytes_ + segment_bytes_ > most_heap_bytes_) most_heap_bytes_ = break_bytes_ + segment_bytes_;
  }

  void FollowMappings();

  // The map first: it is large and hardly touched, and all the rest lies on one page behind it.
  PageMap map_;
  Lock lock_;
  Kernel kernel_;
  Metadata metadata_;
  FreeSpans free_;
  arithmetic::Threshold<std::uint64_t> threshold_;
  std::uint64_t maps_from_;  // the mapping threshold; beyond every size while there are as many as there may be
  MappingCount mappings_;
  std::uint64_t top_pad_;
  bool has_trimmed_;         // since the break was last raised
  std::uint64_t regrowths_;  // times that it was raised behind a trim; at most kMaxRegrowths
  std::uintptr_t break_end_;  // where our last growth of the break ended, if at a page; else 0
  // A list by next_in_heap, in order of arrival.
  struct List {
    Span* first;
    Span* last;
  };
  static void Append(Span* span, List* list);
  static void Unlink(Span* span, List* list);
  List dirty_;  // free, and not known to be zero: the oldest first
  List used_;
  std::uint64_t dirty_pages_;  // of the spans in the queue
  Peak peak_;                  // of resident_pages()
  std::uint64_t break_bytes_, segment_bytes_, most_heap_bytes_;
};

}  // namespace breakproof::allocator
