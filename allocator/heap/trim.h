// malloc_trim(3): everything that can be given back is, at once.
#pragma once

#include <cstdint>

#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {

// Returns what `thread` has at hand to its slabs, lowers the break but for `pad` bytes of its free top, and discards
// every other free span. What other threads have at hand stays. True if memory went back to the kernel. `thread` may
// be a placeholder.
bool TrimHeap(Heap& heap, ThreadHeap& thread, std::uint64_t pad);

}  // namespace breakproof::allocator
