#include "allocator/pages/page_heap.h"

#include "allocator/arithmetic/mapping.h"
#include "allocator/base/require.h"

namespace breakproof::allocator {
namespace {

using arithmetic::AlignDown;
using arithmetic::AlignUp;

// A segment is at least so long: the break is gone, and a mapping for every few pages would cost more.
constexpr std::uint64_t kMinSegment = 1 << 20;

// Descriptions that one operation may need: a span, what is cut off before it and behind it.
constexpr std::uint64_t kSpansAnOperation = 4;

}  // namespace

void PageHeap::Init(const Kernel& kernel) {
  kernel_ = kernel;
  SetThreshold(arithmetic::InitialThreshold<std::uint64_t>());
  SetMappingLimit(kDefaultMappingLimit);
  top_pad_ = arithmetic::kDefaultTopPad;
}

// ---- Spans out and in

Span* PageHeap::Allocate(std::uint64_t pages, Supply supply) {
  if (!metadata_.Reserve(kernel_, kSpansAnOperation)) return nullptr;
  Span* span = free_.Find(pages);
  if (span == nullptr) {
    if (supply == Supply::kFreeOnly || !Grow(pages, supply)) return nullptr;
    span = free_.Find(pages);
    BREAKPROOF_REQUIRE(span != nullptr, "the heap grew, but not by what was needed");
  }
  if (span->pages > pages) {
    span = CutFront(span, pages);
  } else {
    RemoveFree(span);
  }
  AddUsed(span);
  HoldPeak(pages);
  Discard(kDecay);
  return span;
}

bool PageHeap::WouldRaisePeak(std::uint64_t pages) {
  const Span* const span = free_.Find(pages);
  const std::uintptr_t end = span == nullptr ? 0 : span->start + (pages << kPageShift);
  const std::uint64_t dirty = span == nullptr ? 0 : span->dirty.Within(span->start, end).pages();
  return peak_.IsExceededBy(resident_pages() + pages - dirty);
}

Span* PageHeap::AllocateAligned(std::uint64_t pages, std::uint64_t alignment, Supply supply) {
  const std::uint64_t slack = arithmetic::AlignmentSlack(alignment) >> kPageShift;
  Span* const span = Allocate(pages + slack, supply);
  if (span == nullptr) return nullptr;
  const std::uintptr_t start = AlignUp<std::uint64_t>(span->start, alignment);
  const std::uint64_t before = (start - span->start) >> kPageShift;
  if (before > 0) {
    // Allocate has reserved descriptions, so this cannot fail.
    Span* const head = metadata_.NewSpan(kernel_);
    head->start = span->start;
    head->pages = before;
    head->segment = span->segment;
    head->dirty = span->dirty.Within(head->start, start);
    span->start = start;
    span->pages -= before;
    InsertFree(head);
  }
  if (span->pages > pages) CutTail(span, pages);
  return span;
}

void PageHeap::Free(Span* span) {
  const std::uint64_t now = Now();
  RemoveUsed(span);
  span->dirty = {span->start, span->end()};
  Join(span);
  InsertFree(span, now);
  if (span == Top()) Trim(arithmetic::TrimThreshold(threshold_, regrowths_), top_pad_);
  DiscardAt(now, kDecay);
}

bool PageHeap::Shrink(Span* span, std::uint64_t pages) {
  if (!metadata_.Reserve(kernel_, 1)) return false;
  CutTail(span, pages);
  return true;
}

bool PageHeap::Extend(Span* span, std::uint64_t pages) {
  const std::uint64_t more = pages - span->pages;
  if (!metadata_.Reserve(kernel_, kSpansAnOperation)) return false;
  Span* next = FreeNeighbour(span->end(), *span);
  // Only the break continues where it ended.
  const bool is_last = span->segment == 0 && (next != nullptr ? next->end() : span->end()) == break_end_;
  // Memory is bought only when no hole would do for the whole.
  if ((next == nullptr || next->pages < more) && is_last && free_.Find(pages) == nullptr) {
    GrowBreak(more << kPageShift, top_pad_, true);
    next = FreeNeighbour(span->end(), *span);
  }
  if (next == nullptr || next->pages < more) return false;
  RemoveFree(next);
  if (next->pages > more) CutTail(next, more);
  span->pages = pages;
  metadata_.DeleteSpan(next);
  HoldPeak(more);
  return true;
}

// The span keeps its first `pages` pages; the rest is free.
void PageHeap::CutTail(Span* span, std::uint64_t pages) {
  Span* const tail = metadata_.NewSpan(kernel_);
  tail->start = span->start + (pages << kPageShift);
  tail->pages = span->pages - pages;
  tail->segment = span->segment;
  const PageRange all = {tail->start, tail->end()};
  tail->dirty = span->use == SpanUse::kFree ? span->dirty.Within(all.start, all.end) : all;
  span->pages = pages;
  Join(tail);
  InsertFree(tail);
}

// The first pages of a free span, for use; the rest stays what and where it was, and as old.
Span* PageHeap::CutFront(Span* span, std::uint64_t pages) {
  Span* const front = metadata_.NewSpan(kernel_);
  front->start = span->start;
  front->pages = pages;
  front->segment = span->segment;
  front->dirty = span->dirty.Within(front->start, front->end());
  free_.Remove(span);
  map_.SetEnds(*span, nullptr);
  span->start = front->end();
  span->pages -= pages;
  const PageRange left = span->dirty.Within(span->start, span->end());
  if (left.IsEmpty()) Unqueue(span);
  if (span->is_queued) dirty_pages_ -= span->dirty.pages() - left.pages();
  span->dirty = left;
  map_.SetEnds(*span, span);
  free_.Insert(span);
  return front;
}

// ---- Joining

// The free span that covers `page`, if it may be joined with `span`.
Span* PageHeap::FreeNeighbour(std::uintptr_t page, const Span& span) const {
  Span* const neighbour = map_.Find(page);
  return neighbour->use == SpanUse::kFree && neighbour->segment == span.segment ? neighbour : nullptr;
}

// Takes its free neighbours into the span, which is not in the free lists.
void PageHeap::Join(Span* span) {
  if (Span* const before = FreeNeighbour(span->start - kPageSize, *span)) {
    RemoveFree(before);
    span->start = before->start;
    span->pages += before->pages;
    span->dirty = span->dirty.Around(before->dirty);
    metadata_.DeleteSpan(before);
  }
  if (Span* const behind = FreeNeighbour(span->end(), *span)) {
    RemoveFree(behind);
    span->pages += behind->pages;
    span->dirty = span->dirty.Around(behind->dirty);
    metadata_.DeleteSpan(behind);
  }
}

void PageHeap::InsertFree(Span* span, std::uint64_t now) {
  span->use = SpanUse::kFree;
  span->owner = nullptr;
  map_.SetEnds(*span, span);
  free_.Insert(span);
  if (span->IsZero()) return;
  span->free_since = now;
  span->is_queued = true;
  dirty_pages_ += span->dirty.pages();
  Append(span, &dirty_);
}

// A clock is not asked for nothing: a small program need never come to it.
void PageHeap::InsertFree(Span* span) { InsertFree(span, span->IsZero() ? 0 : Now()); }

// Its entries go as well: what is joined or handed out must not leave old ones behind.
void PageHeap::RemoveFree(Span* span) {
  free_.Remove(span);
  Unqueue(span);
  map_.SetEnds(*span, nullptr);
}

// No longer waits to be discarded, if it does.
void PageHeap::Unqueue(Span* span) {
  if (!span->is_queued) return;
  Unlink(span, &dirty_);
  span->is_queued = false;
  dirty_pages_ -= span->dirty.pages();
}

// ---- Supply

Span* PageHeap::Top() const {
  if (break_end_ == 0) return nullptr;
  Span* const last = map_.Find(break_end_ - kPageSize);
  return last->use == SpanUse::kFree ? last : nullptr;
}

bool PageHeap::Grow(std::uint64_t pages, Supply supply) {
  const std::uint64_t need = pages << kPageShift;
  Growth growth = GrowBreak(need, top_pad_, true);
  // Somebody moves the break as well: the top, which was to be part of it, is no use.
  if (growth == Growth::kElsewhere) growth = GrowBreak(need, top_pad_, false);
  // Padding makes one call serve many spans; where memory is short it is done without.
  if (growth == Growth::kRefused && top_pad_ != 0) growth = GrowBreak(need, 0, true);
  if (growth == Growth::kGrown || supply == Supply::kBreakOnly) return growth == Growth::kGrown;
  const std::uint64_t padded = AlignUp<std::uint64_t>(need + top_pad_, kPageSize);
  return GrowBySegment(padded < kMinSegment ? kMinSegment : padded) || GrowBySegment(need);
}

// Raises the break so that `need` bytes and `pad` more are free in one run, with the free top as part of it if
// `counts_top`. kElsewhere: it was raised, but what was gained does not continue the top and is too short alone.
PageHeap::Growth PageHeap::GrowBreak(std::uint64_t need, std::uint64_t pad, bool counts_top) {
  const auto current = reinterpret_cast<std::uintptr_t>(kernel_.move_break(kernel_.context, 0));
  if (current == 0) return Growth::kRefused;
  const Span* const top = counts_top && current == break_end_ ? Top() : nullptr;
  const auto growth = arithmetic::BreakGrowth<std::uint64_t>(need, top != nullptr ? top->bytes() : 0, pad);
  const std::uint64_t increment = growth.value + (AlignUp<std::uint64_t>(current, kPageSize) - current);
  if (growth.overflow || increment > arithmetic::kMaxRequest) return Growth::kRefused;
  const auto old =
      reinterpret_cast<std::uintptr_t>(kernel_.move_break(kernel_.context, static_cast<std::intptr_t>(increment)));
  if (old == 0) return Growth::kRefused;
  if (has_trimmed_ && regrowths_ < arithmetic::kMaxRegrowths) ++regrowths_;
  has_trimmed_ = false;
  // Whole pages of what we got; somebody may have moved the break between the two calls.
  const std::uintptr_t first = AlignUp<std::uint64_t>(old, kPageSize);
  const std::uintptr_t end = AlignDown<std::uint64_t>(old + increment, kPageSize);
  if (end <= first) return Growth::kElsewhere;  // a page, and somebody else's byte in the middle of it
  // Entered only now: a growth that is refused must not have cost leaves for gibibytes.
  if (!map_.Cover(kernel_, first, end - first)) {
    kernel_.move_break(kernel_.context, -static_cast<std::intptr_t>(increment));
    return Growth::kRefused;
  }
  break_end_ = end == old + increment ? end : 0;
  AddFree(first, end - first, 0);
  return old == current || end - first >= need ? Growth::kGrown : Growth::kElsewhere;
}

bool PageHeap::GrowBySegment(std::uint64_t bytes) {
  if (bytes > arithmetic::kMaxRequest) return false;
  void* const map = kernel_.map(kernel_.context, bytes);
  if (map == nullptr) return false;
  const auto start = reinterpret_cast<std::uintptr_t>(map);
  if (!map_.Cover(kernel_, start, bytes)) {
    kernel_.unmap(kernel_.context, map, bytes);
    return false;
  }
  segment_bytes_ += bytes;
  AddFree(start, bytes, start);
  return true;
}

// The operation has reserved descriptions.
void PageHeap::AddFree(std::uintptr_t start, std::uint64_t bytes, std::uintptr_t segment) {
  Span* const span = metadata_.NewSpan(kernel_);
  BREAKPROOF_REQUIRE(span != nullptr, "descriptions were reserved before the heap grew");
  span->start = start;
  span->pages = bytes >> kPageShift;
  span->segment = segment;
  if (segment == 0) break_bytes_ += bytes;
  RememberMost();
  Join(span);
  InsertFree(span);
}

// ---- Giving back

bool PageHeap::Trim(std::uint64_t threshold, std::uint64_t pad) {
  Span* const top = Top();
  if (top == nullptr) return false;
  const std::uint64_t amount = arithmetic::TrimAmount<std::uint64_t>(top->bytes(), threshold, pad);
  if (amount == 0) return false;
  // Only if nobody has moved the break since: what lies above is not ours to give back.
  const auto current = reinterpret_cast<std::uintptr_t>(kernel_.move_break(kernel_.context, 0));
  if (current != break_end_) return false;
  if (kernel_.move_break(kernel_.context, -static_cast<std::intptr_t>(amount)) == nullptr) return false;
  has_trimmed_ = true;
  break_end_ -= amount;
  break_bytes_ -= amount;
  const std::uint64_t left = top->pages - (amount >> kPageShift);
  RemoveFree(top);
  top->pages = left;
  top->dirty = top->dirty.Within(top->start, top->end());
  if (left == 0) {
    metadata_.DeleteSpan(top);
  } else {
    InsertFree(top);
  }
  return true;
}

bool PageHeap::IsWholeSegment(const Span& span) const {
  // A segment begins where its first span does; what follows its last page is not joined to it.
  if (span.segment == 0 || span.start != span.segment) return false;
  const Span* const behind = map_.Find(span.end());
  return !PageMap::IsSomebody(*behind) || behind->segment != span.segment;
}

void PageHeap::Discard(std::uint64_t age) {
  if (dirty_.first != nullptr) DiscardAt(Now(), age);
}

void PageHeap::DiscardAt(std::uint64_t now, std::uint64_t age) {
  constexpr int kMostAtOnce = 8;  // the caller waits
  for (int i = 0; i < kMostAtOnce; ++i) {
    const Span* const span = dirty_.first;
    if (span == nullptr || now - span->free_since < age || !DiscardOldest(span->pages)) return;
  }
}

// About so many pages of the span that is free for the longest, from its end; true if it did. One that the kernel would
// not take waits for its next turn at the end of the queue.
bool PageHeap::DiscardOldest(std::uint64_t pages) {
  constexpr std::uint64_t kNotWorthKeeping = 16;
  Span* const span = dirty_.first;
  const bool is_all = span->dirty.pages() <= pages + kNotWorthKeeping;
  if (is_all && IsWholeSegment(*span) &&
      kernel_.unmap(kernel_.context, reinterpret_cast<void*>(span->start), span->bytes())) {
    segment_bytes_ -= span->bytes();
    RemoveFree(span);
    metadata_.DeleteSpan(span);
    return true;
  }
  const std::uintptr_t start = is_all ? span->dirty.start : span->dirty.end - (pages << kPageShift);
  const bool is_discarded =
      kernel_.discard(kernel_.context, reinterpret_cast<void*>(start), span->dirty.end - start);
  if (is_discarded && !is_all) {
    span->dirty.end = start;
    dirty_pages_ -= pages;
    return true;
  }
  RemoveFree(span);
  if (is_discarded) span->dirty = {};
  InsertFree(span);
  return is_discarded;
}

// After `pages` were handed out.
void PageHeap::HoldPeak(std::uint64_t pages) {
  std::uint64_t resident = resident_pages();
  std::uint64_t excess = peak_.Take(pages, resident, most_heap_bytes_ >> kPageShift);
  while (excess > 0 && dirty_.first != nullptr && DiscardOldest(excess)) {
    peak_.Pay(resident - resident_pages());
    resident = resident_pages();
    excess = peak_.Excess(resident);
  }
  peak_.Reach(resident);
}

void PageHeap::Append(Span* span, List* list) {
  span->next_in_heap = nullptr;
  span->previous_in_heap = list->last;
  (list->last != nullptr ? list->last->next_in_heap : list->first) = span;
  list->last = span;
}

void PageHeap::Unlink(Span* span, List* list) {
  (span->previous_in_heap != nullptr ? span->previous_in_heap->next_in_heap : list->first) = span->next_in_heap;
  (span->next_in_heap != nullptr ? span->next_in_heap->previous_in_heap : list->last) = span->previous_in_heap;
  span->next_in_heap = span->previous_in_heap = nullptr;
}

// ---- Own mappings

void PageHeap::SetThreshold(const arithmetic::Threshold<std::uint64_t>& threshold) {
  threshold_ = threshold;
  FollowMappings();
}

void PageHeap::SetMappingLimit(std::uint64_t limit) {
  mappings_.SetLimit(limit);
  FollowMappings();
}

// After every change of the threshold, of the mappings and of their limit.
void PageHeap::FollowMappings() {
  __atomic_store_n(&maps_from_, mappings_.IsFull() ? UINT64_MAX : threshold_.mmap, __ATOMIC_RELAXED);
}

Span* PageHeap::Map(std::uint64_t bytes, std::uint64_t alignment) {
  if (!metadata_.Reserve(kernel_, 1)) return nullptr;
  void* const map = kernel_.map(kernel_.context, bytes);
  if (map == nullptr) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(map);
  const std::uintptr_t payload = arithmetic::PayloadStart<std::uint64_t>(start, alignment);
  if (!map_.Cover(kernel_, payload, 1)) {
    kernel_.unmap(kernel_.context, map, bytes);
    return nullptr;
  }
  Span* const span = metadata_.NewSpan(kernel_);
  span->use = SpanUse::kMapping;
  span->start = span->segment = start;
  span->pages = bytes >> kPageShift;
  span->payload = payload;
  mappings_.Add(bytes);
  HoldPeak(bytes >> kPageShift);
  FollowMappings();
  AddUsed(span);
  return span;
}

void PageHeap::Unmap(Span* span) {
  const std::uint64_t bytes = span->bytes();
  mappings_.Remove(bytes);
  FollowMappings();
  if (kernel_.unmap(kernel_.context, reinterpret_cast<void*>(span->start), bytes)) {
    RemoveUsed(span);
    metadata_.DeleteSpan(span);
    return;
  }
  if (map_.Cover(kernel_, span->start, bytes)) {
    segment_bytes_ += bytes;
    RememberMost();
    Free(span);
    return;
  }
  // Neither taken back nor to be entered: the addresses are nobody's from now on, but their memory at least goes back.
  kernel_.discard(kernel_.context, reinterpret_cast<void*>(span->start), bytes);
  RemoveUsed(span);
  metadata_.DeleteSpan(span);
}

bool PageHeap::Remap(Span* span, std::uint64_t bytes) {
  if (!map_.ReserveOnePage(kernel_)) return false;
  const std::uint64_t old_bytes = span->bytes();
  const std::uint64_t offset = span->payload - span->start;
  void* const map = kernel_.remap(kernel_.context, reinterpret_cast<void*>(span->start), old_bytes, bytes);
  if (map == nullptr) return false;
  mappings_.Resize(old_bytes, bytes);
  span->start = span->segment = reinterpret_cast<std::uintptr_t>(map);
  span->pages = bytes >> kPageShift;
  span->payload = span->start + offset;
  const bool is_covered = map_.Cover(kernel_, span->payload, 1);
  BREAKPROOF_REQUIRE(is_covered, "a leaf was reserved for wherever the mapping goes");
  (void)is_covered;
  HoldPeak(0);
  return true;
}

}  // namespace breakproof::allocator
