// What a heap has, counted by a walk: mallinfo(3), malloc_stats(3), malloc_info(3).
#pragma once

#include <cstdint>

#include "allocator/heap/bin_table.h"
#include "allocator/heap/heap.h"

namespace breakproof::allocator {

// All of one size.
struct BlockCount {
  std::uint64_t at_hand;    // in the bins of threads
  std::uint64_t elsewhere;  // free in their slabs
};

// Lengths are bytes.
struct HeapStatistics {
  std::uint64_t heap_bytes;  // of break and segments, without mappings of their own
  std::uint64_t most_heap_bytes;
  std::uint64_t free_bytes;  // of heap_bytes
  std::uint64_t top_bytes;   // free directly below the break
  std::uint64_t tail_bytes;  // behind the last blocks of slabs: not free, and nobody's
  std::uint64_t free_spans, free_span_bytes;
  std::uint64_t mappings, mapping_bytes, most_mappings, most_mapping_bytes;
  BlockCount blocks[kClasses];

  std::uint64_t used_bytes() const { return heap_bytes > free_bytes ? heap_bytes - free_bytes : 0; }
};

// Takes the page heap's lock, allocates nothing. Exact while no other thread allocates or frees; otherwise the blocks
// of their slabs are counted as of some moment during the call. Blocks that one thread has freed for another and that
// have not arrived count as used.
void CountHeap(Heap& heap, HeapStatistics* statistics);

}  // namespace breakproof::allocator
