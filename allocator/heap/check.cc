#include "allocator/heap/check.h"

#include "allocator/arithmetic/slab.h"

namespace breakproof::allocator {
namespace {

using arithmetic::ClassInfo;
using arithmetic::kClassInfo;

// Set by a visit that found something; the first complaint counts.
struct Verdict {
  Heap* heap;
  const char* complaint = nullptr;
  std::uint64_t free_blocks = 0;  // that CheckFreeBlock was told of
  void Require(bool holds, const char* what) {
    if (!holds && complaint == nullptr) complaint = what;
  }
};

bool IsOwnFree(const PageHeap& pages, std::uintptr_t page, const Span* span) {
  return pages.map().Find(page) == span;
}

bool HasFreeNeighbour(const PageHeap& pages, std::uintptr_t page, const Span* span) {
  const Span* const neighbour = pages.map().Find(page);
  return neighbour->use == SpanUse::kFree && neighbour->segment == span->segment;
}

void CheckFreeSpans(Verdict* verdict) {
  const PageHeap& pages = verdict->heap->pages();
  std::uint64_t total = 0, dirty = 0;
  pages.free_spans().ForEach([&](const Span* span) {
    total += span->pages;
    dirty += span->dirty.pages();
    verdict->Require(span->use == SpanUse::kFree, "V1: a span in a free list is not free");
    verdict->Require(IsOwnFree(pages, span->start, span) && IsOwnFree(pages, span->end() - kPageSize, span),
                     "V1: a free span is not entered at both ends");
    verdict->Require(!HasFreeNeighbour(pages, span->end(), span), "V1: two free neighbours are not joined");
    verdict->Require(span->is_queued != span->IsZero(), "V2: a free span waits although it is zero, or does not");
    verdict->Require(span->IsZero() || (span->dirty.start % kPageSize == 0 && span->dirty.end % kPageSize == 0 &&
                                        span->start <= span->dirty.start && span->dirty.start < span->dirty.end &&
                                        span->dirty.end <= span->end()),
                     "V2: the dirty pages of a free span are not its own");
  });
  verdict->Require(total == pages.free_spans().pages(), "V1: the free lists do not add up");
  for (const Span* span = pages.first_used(); span != nullptr; span = span->next_in_heap) dirty += span->pages;
  verdict->Require(dirty == pages.resident_pages(), "V2: what is in use and what is dirty are not the resident pages");
}

std::uint64_t FreeInSlab(const Span* slab) {
  std::uint64_t free = 0;
  for (const std::uint64_t bits : slab->free_blocks) free += static_cast<std::uint64_t>(__builtin_popcountll(bits));
  return free;
}

// The lengths of a mixed slab cut its used units into blocks, and no run of it is longer than it is listed by.
void CheckMixed(const Span* slab, Verdict* verdict) {
  const UnitSet free = mixed::FreeUnits(*slab);
  UnitSet covered = free;
  std::uint64_t used = 0;
  for (std::uint64_t unit = 0; unit < UnitSet::kUnits; ++unit) {
    const std::uint64_t length = slab->lengths[unit];
    if (length == 0) continue;
    const std::uint64_t size = length * mixed::kUnit;
    verdict->Require(unit + length <= UnitSet::kUnits &&
                         arithmetic::kClassSizes[arithmetic::FastSizeToClass(size)] == size &&
                         unit * mixed::kUnit % arithmetic::NaturalAlignment<std::uint64_t>(size) == 0,
                     "V11: a block of a mixed slab has a length that is none, or not the alignment of its class");
    if (verdict->complaint != nullptr) return;
    covered.Add(unit, length);
    used += length;
  }
  verdict->Require(used == slab->used && covered.RunsOf(UnitSet::kUnits - 1).Has(0) && covered.Has(UnitSet::kUnits - 1),
                   "V11: the blocks of a mixed slab overlap, or leave units to nobody");
  verdict->Require(!slab->is_listed || (slab->run_step >= free.LongestRunStep() && slab->pages == 1 && slab->size_class == 0),
                   "V11: a mixed slab is listed by a shorter run than its longest");
}

// As its leaf says.
std::uint64_t ClassOfPage(const PageMap& map, std::uintptr_t page) {
  return map.LeafOf(page)->ClassAt(arithmetic::LeafIndex<std::uint64_t>(page));
}

void CheckSlab(const Span* slab, Verdict* verdict) {
  const PageHeap& pages = verdict->heap->pages();
  for (std::uintptr_t page = slab->start; page < slab->end(); page += kPageSize) {
    verdict->Require(pages.map().Find(page) == slab, "V3: a page of a slab leads elsewhere");
    verdict->Require(slab->IsMixed() || ClassOfPage(pages.map(), page) == slab->size_class,
                     "V3: a page of a slab says wrongly what its class is");
  }
  const ThreadHeap* const owner = verdict->heap->Thread(slab->owner_id);
  const bool is_owned = owner != nullptr && slab->owner == (slab->IsMixed() ? nullptr : owner);
  if (slab->IsMixed()) CheckMixed(slab, verdict);
  verdict->Require(is_owned && slab->reciprocal == kClassInfo.of[slab->size_class].reciprocal,
                   "V3: a slab says wrongly whose it is, or how it is cut");
  const std::uint64_t free = FreeInSlab(slab);
  const std::uint64_t blocks = kClassInfo.of[slab->size_class].blocks;
  verdict->Require(slab->blocks == blocks, "V3: a slab says wrongly how many blocks it is cut into");
  verdict->Require(slab->used + free == blocks, "V6: the count of a slab is not what its bits say");
  verdict->Require(slab->used > 0, "V6: a slab without used blocks was not released");
  verdict->Require(slab->is_listed == (free > 0), "V9: a slab with room is not listed, or a full one is");
}

void CheckUsedSpans(Verdict* verdict) {
  const PageHeap& pages = verdict->heap->pages();
  std::uint64_t of_break = 0, of_segments = 0, of_mappings = 0, mappings = 0;
  for (const Span* span = pages.first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use == SpanUse::kSlab) {
      CheckSlab(span, verdict);
    } else {
      verdict->Require(pages.map().Find(span->payload) == span && span->owner == nullptr,
                       "V4: a large block is not found by its payload, or has an owner");
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

// Whether the chain that will be sent is what the books say.
bool IsLinked(const ThreadHeap& thread, std::uint64_t batch) {
  for (std::uint32_t i = 1; i < thread.batch_count(batch); ++i) {
    if (static_cast<const FreeBlock*>(thread.batch_block(batch, i))->next != thread.batch_block(batch, i - 1)) return false;
  }
  return true;
}

void CheckBatches(Verdict* verdict) {
  for (std::uint64_t id = 1; id <= verdict->heap->thread_count(); ++id) {
    const ThreadHeap& thread = *verdict->heap->Thread(id);
    for (std::uint64_t batch = 0; batch < ThreadHeap::kBatches; ++batch) {
      const bool has_room = thread.batch_count(batch) < ThreadHeap::kBatchBlocks;
      verdict->Require(has_room && IsLinked(thread, batch), "V12: a batch holds too many blocks, or is not linked as it says");
    }
  }
}

void CheckBins(Verdict* verdict) {
  for (std::uint64_t id = 1; id <= verdict->heap->thread_count(); ++id) {
    const ThreadHeap& thread = *verdict->heap->Thread(id);
    for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
      verdict->Require(thread.bin_count(size_class) <= BinCapacity(size_class), "V8: a bin holds too many blocks");
      if (verdict->complaint != nullptr) return;
      for (std::uint32_t i = 0; i < thread.bin_count(size_class); ++i) {
        const auto address = reinterpret_cast<std::uintptr_t>(thread.bin_block(size_class, i));
        const Span* const slab = thread.heap()->pages().map().Find(address);
        verdict->Require(slab->use == SpanUse::kSlab && slab->owner_id == thread.id() &&
                             BlockBytes(*slab, address) == arithmetic::kClassSizes[size_class],
                         "V8: a bin holds a block of another class or owner");
      }
    }
  }
}

// Whether a slab, mixed or not, has handed out a block that begins at so many times the size that it is cut by.
bool IsHandedOut(const Span* slab, std::uint64_t index) {
  if (slab->IsMixed()) return slab->lengths[index] != 0;
  return (slab->free_blocks[index / Span::kBlocksAWord] >> index % Span::kBlocksAWord & 1) == 0;
}

// Every free block outside its slab must be one that the slab has handed out (V7). That it is marked is seen where
// it matters, when it is taken or comes home: blocks of a fresh refill are not.
void CheckFreeBlock(Verdict* verdict, std::uintptr_t address, std::uint64_t usable) {
  ++verdict->free_blocks;
  const Span* const slab = verdict->heap->pages().map().Find(address);
  const bool is_in_slab = slab->use == SpanUse::kSlab && address >= slab->start;
  const std::uint64_t offset = is_in_slab ? address - slab->start : 0;
  const ClassInfo& info = kClassInfo.of[slab->size_class % kClasses];
  const std::uint64_t index = offset / info.size;
  verdict->Require(is_in_slab && usable != 0 && index * info.size == offset && index < info.blocks &&
                       IsHandedOut(slab, index),
                   "V7: a free list holds what is no block of a slab, or what its slab has");
}

// Walks are most of what a harness does with a small heap: what is visited is not called through a pointer here.
template <typename Visit>
void ForEachInBins(const ThreadHeap& thread, const Visit& visit) {
  for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    const std::uint32_t count = thread.bin_count(size_class);
    for (std::uint32_t i = 0; i < count; ++i) {
      // Of this class (V8).
      visit(reinterpret_cast<std::uintptr_t>(thread.bin_block(size_class, i)), kClassInfo.of[size_class].size);
    }
  }
}

template <typename Visit>
void ForEachOnTheWay(const ThreadHeap& thread, Heap& heap, const Visit& visit) {
  const auto visit_with_size = [&](const void* block) {
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    const Span& slab = *heap.pages().map().Find(address);
    visit(address, slab.use == SpanUse::kSlab ? BlockBytes(slab, address) : 0);
  };
  for (std::uint64_t batch = 0; batch < ThreadHeap::kBatches; ++batch) {
    for (std::uint32_t i = 0; i < thread.batch_count(batch); ++i) visit_with_size(thread.batch_block(batch, i));
  }
  for (const FreeBlock* block = thread.incoming().Peek(); block != nullptr; block = block->next) visit_with_size(block);
}

template <typename Visit>
void ForEachFreeBlock(Heap& heap, const Visit& visit) {
  for (std::uint64_t id = 1; id <= heap.thread_count(); ++id) {
    ForEachInBins(*heap.Thread(id), visit);
    ForEachOnTheWay(*heap.Thread(id), heap, visit);
  }
}

}  // namespace

void VisitFreeBlocks(Heap& heap, VisitBlock visit, void* context) {
  ForEachFreeBlock(heap, [&](std::uintptr_t address, std::uint64_t usable) { visit(context, address, usable); });
}

void VisitBlocksOnTheWay(Heap& heap, VisitBlock visit, void* context) {
  for (std::uint64_t id = 1; id <= heap.thread_count(); ++id) {
    ForEachOnTheWay(*heap.Thread(id), heap,
                    [&](std::uintptr_t address, std::uint64_t usable) { visit(context, address, usable); });
  }
}

void VisitBlocks(Heap& heap, VisitBlock visit, void* context) {
  for (const Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use != SpanUse::kSlab) {
      visit(context, span->payload, span->end() - span->payload);
      continue;
    }
    const ClassInfo& info = kClassInfo.of[span->size_class];
    for (std::uint64_t block = 0; block < info.blocks; ++block) {
      const std::uintptr_t address = span->start + block * info.size;
      if (IsHandedOut(span, block)) visit(context, address, BlockBytes(*span, address));
    }
  }
}

const char* CheckHeap(Heap& heap) {
  Verdict verdict{&heap};
  CheckFreeSpans(&verdict);
  CheckUsedSpans(&verdict);
  CheckBins(&verdict);
  CheckBatches(&verdict);
  if (verdict.complaint != nullptr) return verdict.complaint;  // lists may be broken: do not walk them further
  ForEachFreeBlock(heap, [&](std::uintptr_t address, std::uint64_t usable) { CheckFreeBlock(&verdict, address, usable); });
  if (verdict.complaint != nullptr) return verdict.complaint;
  std::uint64_t handed_out = 0;
  for (const Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use == SpanUse::kSlab) handed_out += span->used;  // as its bits say (V6)
  }
  verdict.Require(verdict.free_blocks <= handed_out, "V10: there are more free blocks than blocks");
  return verdict.complaint;
}

}  // namespace breakproof::allocator
