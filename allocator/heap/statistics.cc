#include "allocator/heap/statistics.h"

#include "allocator/arithmetic/class_table.h"
#include "allocator/arithmetic/slab.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {
namespace {

using arithmetic::kClassInfo;

void CountFreeSpans(const PageHeap& pages, HeapStatistics* statistics) {
  pages.free_spans().ForEach([&](const Span* span) {
    ++statistics->free_spans;
    statistics->free_span_bytes += span->bytes();
    if (span->segment == 0 && span->end() == pages.break_end()) statistics->top_bytes = span->bytes();
  });
}

// Slabs and bins belong to their threads, which take no lock: a count may be a moment old, and that is all.
__attribute__((no_sanitize("thread"))) void CountBlocks(Heap& heap, HeapStatistics* statistics) {
  for (const Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) {
    if (span->use != SpanUse::kSlab) continue;
    const arithmetic::ClassInfo& info = kClassInfo.of[span->size_class];
    statistics->blocks[span->size_class].elsewhere += info.blocks - span->used;
    statistics->tail_bytes += span->bytes() - std::uint64_t{info.blocks} * info.size;
  }
  for (std::uint64_t id = 1; id <= heap.thread_count(); ++id) {
    for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
      statistics->blocks[size_class].at_hand += heap.Thread(id)->bin_count(size_class);
    }
  }
}

}  // namespace

void CountHeap(Heap& heap, HeapStatistics* statistics) {
  *statistics = {};
  PageHeap& pages = heap.pages();
  const LockGuard guard(pages.lock());
  statistics->heap_bytes = pages.break_bytes() + pages.segment_bytes();
  statistics->most_heap_bytes = pages.most_heap_bytes();
  statistics->mappings = pages.mappings().count();
  statistics->mapping_bytes = pages.mappings().bytes();
  statistics->most_mappings = pages.mappings().most_count();
  statistics->most_mapping_bytes = pages.mappings().most_bytes();
  CountFreeSpans(pages, statistics);
  CountBlocks(heap, statistics);
  statistics->free_bytes = statistics->free_span_bytes;
  for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    const BlockCount& count = statistics->blocks[size_class];
    statistics->free_bytes += (count.at_hand + count.elsewhere) * kClassInfo.of[size_class].size;
  }
}

}  // namespace breakproof::allocator
