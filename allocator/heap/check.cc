#include "allocator/heap/check.h"

#include "allocator/arithmetic/slab.h"

namespace breakproof::allocator {
namespace {

using arithmetic::kClassInfo;

// Set by a visit that found something; the first complaint counts.
struct Verdict {
  Heap* heap;
  const char* complaint = nullptr;
  void Require(bool holds, const char* what) {
    if (!holds && complaint == nullptr) complaint = what;
  }
};

bool IsOwnFree(const PageHeap& pages, std::uintptr_t page, const Span* span) {
  const PageEntry entry = pages.map().Find(page);
  return entry.IsOurs() && entry.span() == span;
}

bool HasFreeNeighbour(const PageHeap& pages, std::uintptr_t page, const Span* span) {
  const PageEntry entry = pages.map().Find(page);
  return entry.IsOurs() && entry.span()->use == SpanUse::kFree && entry.span()->segment == span->segment;
}

void CheckFreeSpans(Verdict* verdict) {
  const PageHeap& pages = verdict->heap->pages();
  std::uint64_t total = 0;
  pages.free_spans().ForEach([&](const Span* span) {
    total += span->pages;
    verdict->Require(span->use == SpanUse::kFree, "V1: a span in a free list is not free");
    verdict->Require(IsOwnFree(pages, span->start, span) && IsOwnFree(pages, span->end() - kPageSize, span),
                     "V1: a free span is not entered at both ends");
    verdict->Require(!HasFreeNeighbour(pages, span->end(), span), "V1: two free neighbours are not joined");
    verdict->Require(span->is_queued != span->is_zero, "V2: a free span waits although it is zero, or does not");
  });
  verdict->Require(total == pages.free_spans().pages(), "V1: the free lists do not add up");
}

void CheckSlab(const Span* slab, Verdict* verdict) {
  const PageHeap& pages = verdict->heap->pages();
  for (std::uintptr_t page = slab->start; page < slab->end(); page += kPageSize) {
    const PageEntry entry = pages.map().Find(page);
    verdict->Require(entry.IsOurs() && entry.span() == slab && entry.owner() == slab->owner &&
                         entry.size_class() == slab->size_class,
                     "V3: a page of a slab leads elsewhere");
  }
  std::uint32_t listed = 0;
  for (auto* block = static_cast<FreeBlock*>(slab->free_list); block != nullptr; block = block->next) {
    if (++listed > slab->carved) break;  // a cycle
  }
  verdict->Require(slab->carved <= kClassInfo.of[slab->size_class].blocks && slab->used + listed == slab->carved,
                   "V6: the counts of a slab are wrong");
  verdict->Require(slab->used > 0, "V6: a slab without used blocks was not released");
  const bool has_room = slab->free_list != nullptr || slab->carved < kClassInfo.of[slab->size_class].blocks;
  verdict->Require(slab->is_listed == has_room, "V9: a slab with room is not listed, or a full one is");
}

void CheckUsedSpans(Verdict* verdict) {
  const PageHeap& pages = verdict->heap->pages();
  std::uint64_t of_break = 0, of_segments = 0, of_mappings = 0, mappings = 0;
  for (const Span* span = pages.first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use == SpanUse::kSlab) {
      CheckSlab(span, verdict);
    } else {
      const PageEntry entry = pages.map().Find(span->payload);
      verdict->Require(entry.IsOurs() && entry.span() == span, "V4: a large block is not found by its payload");
    }
    mappings += span->use == SpanUse::kMapping;
    (span->use == SpanUse::kMapping ? of_mappings : span->segment == 0 ? of_break : of_segments) += span->bytes();
  }
  pages.free_spans().ForEach(
      [&](const Span* span) { (span->segment == 0 ? of_break : of_segments) += span->bytes(); });
  verdict->Require(of_break == pages.break_bytes(), "V5: the spans of the break do not add up");
  verdict->Require(of_segments == pages.segment_bytes(), "V5: the spans of the segments do not add up");
  verdict->Require(of_mappings == pages.mappings().bytes() && mappings == pages.mappings().count(),
                   "V5: the mappings do not add up");
}

void CheckBins(Verdict* verdict) {
  for (std::uint64_t id = 1; id <= verdict->heap->thread_count(); ++id) {
    const ThreadHeap& thread = *verdict->heap->Thread(id);
    for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
      std::int32_t count = 0;
      for (const FreeBlock* block = thread.bin(size_class); block != nullptr; block = block->next) {
        const PageEntry entry = thread.heap()->pages().map().Find(reinterpret_cast<std::uintptr_t>(block));
        verdict->Require(entry.owner() == id && entry.size_class() == size_class,
                         "V8: a bin holds a block of another class or owner");
        if (++count > BinCapacity(size_class)) break;  // a cycle
      }
      verdict->Require(count == thread.bin_count(size_class), "V8: a bin holds more or fewer blocks than it counts");
    }
  }
}

// Every free block must be one that its slab has cut (V7).
void CheckFreeBlock(void* context, std::uintptr_t address, std::uint64_t usable) {
  auto* const verdict = static_cast<Verdict*>(context);
  const PageEntry entry = verdict->heap->pages().map().Find(address);
  const Span* const slab = entry.IsOurs() ? entry.span() : nullptr;
  const bool is_in_slab = slab != nullptr && slab->use == SpanUse::kSlab && address >= slab->start;
  const std::uint64_t offset = is_in_slab ? address - slab->start : 0;
  verdict->Require(is_in_slab && offset % usable == 0 && offset / usable < slab->carved,
                   "V7: a free list holds what is no block of a slab");
}

void VisitChain(const FreeBlock* block, Heap& heap, VisitBlock visit, void* context) {
  for (; block != nullptr; block = block->next) {
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    visit(context, address, kClassInfo.of[heap.pages().map().Find(address).size_class() % kClasses].size);
  }
}

}  // namespace

void VisitFreeBlocks(Heap& heap, VisitBlock visit, void* context) {
  for (const Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use != SpanUse::kSlab) continue;
    VisitChain(static_cast<const FreeBlock*>(span->free_list), heap, visit, context);
  }
  for (std::uint64_t id = 1; id <= heap.thread_count(); ++id) {
    const ThreadHeap& thread = *heap.Thread(id);
    for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
      VisitChain(thread.bin(size_class), heap, visit, context);
    }
    for (std::uint64_t batch = 0; batch < ThreadHeap::kBatches; ++batch) {
      VisitChain(thread.batch(batch), heap, visit, context);
    }
    VisitChain(thread.incoming().Peek(), heap, visit, context);
  }
}

void VisitBlocks(Heap& heap, VisitBlock visit, void* context) {
  for (const Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use != SpanUse::kSlab) {
      visit(context, span->payload, span->end() - span->payload);
      continue;
    }
    const std::uint64_t size = kClassInfo.of[span->size_class].size;
    for (std::uint64_t block = 0; block < span->carved; ++block) visit(context, span->start + block * size, size);
  }
}

const char* CheckHeap(Heap& heap) {
  Verdict verdict{&heap};
  CheckFreeSpans(&verdict);
  CheckUsedSpans(&verdict);
  CheckBins(&verdict);
  if (verdict.complaint != nullptr) return verdict.complaint;  // lists may be broken: do not walk them further
  VisitFreeBlocks(heap, CheckFreeBlock, &verdict);
  if (verdict.complaint != nullptr) return verdict.complaint;
  std::uint64_t cut = 0, free = 0;
  const VisitBlock count = [](void* counter, std::uintptr_t, std::uint64_t) { ++*static_cast<std::uint64_t*>(counter); };
  VisitBlocks(heap, count, &cut);
  VisitFreeBlocks(heap, count, &free);
  verdict.Require(free <= cut, "V10: there are more free blocks than blocks");
  return verdict.complaint;
}

}  // namespace breakproof::allocator
