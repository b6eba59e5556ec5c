// The heap's numbered invariants, checked by a walk over everything, and the walk itself.
//
// For tests and debugging: no other thread may use the heap meanwhile. Allocates nothing.
//
//   V1  a free span is entered in the page map at both ends, is as long as its list says, and no free span that
//       could be joined with it is its neighbour
//   V2  a free span waits to be discarded exactly when it may hold something else than zeroes; where it may are pages of
//       it, and with what is in use they are all that can be resident
//   V3  every page of a slab leads to the slab and tells its class, and the slab leads to its owner; a mixed one on paper to
//       nobody
//   V4  a large block or mapping is found by its payload's page, and has no owner
//   V5  the spans of the break, of the segments and the mappings add up to what was taken from the kernel
//   V6  a slab's bits say of as many blocks as it counts that they are handed out, and of at least one
//   V7  every free block outside its slab is a block of the slab that its page leads to, and handed out
//   V8  a bin holds no more than it may, all of its class and owner
//   V9  a slab is listed by its owner exactly when it has room
//   V10 no more blocks are on the way back to slabs than were handed out: none is on two lists
//   V11 the blocks of a mixed slab and its free units cover it without a gap or an overlap, each block is aligned as its
//       class is, and it is listed by a run that is not shorter than its longest
//   V12 a batch has room for one more block, and its blocks lead to each other as its list of them says
#pragma once

#include <cstdint>

#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {

// The first invariant that does not hold, as a sentence that begins with its number; nullptr if all do.
const char* CheckHeap(Heap& heap);

// Called with the block's address and its usable size in bytes.
using VisitBlock = void (*)(void* context, std::uintptr_t address, std::uint64_t usable);

// Every free block that its slab has handed out: in bins, in batches, on the way home.
void VisitFreeBlocks(Heap& heap, VisitBlock visit, void* context);
// Of these, the ones in no bin.
void VisitBlocksOnTheWay(Heap& heap, VisitBlock visit, void* context);

// Every block that a slab has handed out, free or not; every large block and mapping. Those that VisitFreeBlocks
// does not name are what callers hold.
void VisitBlocks(Heap& heap, VisitBlock visit, void* context);

}  // namespace breakproof::allocator
