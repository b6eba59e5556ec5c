// M_PERTURB (mallopt(3)): blocks are filled, so that a program that reads memory it has not written, or has freed, is
// found out. A block of any entry point but calloc is filled with the complement of the byte, a freed one with the byte.
//
// The fast paths know nothing of it: a thread that perturbs has the placeholder in its thread heap's place, so that
// every call takes a slow path. A thread that was running when another one set it follows at its next slow call.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {

extern std::atomic<uint8_t> perturb_byte __attribute__((visibility("hidden")));

inline bool IsPerturbing() { return perturb_byte.load(std::memory_order_relaxed) != 0; }

// 0 ends it. The caller then lets its thread choose its path (process.h).
void SetPerturb(Heap& heap, uint8_t byte);

void FillFresh(void* block, size_t offset, size_t size);

// `block`, filled from `offset` on if blocks are to be. For everything but the fast paths.
inline void* Perturbed(void* block, size_t size, size_t offset = 0) {
  if (__builtin_expect(IsPerturbing(), 0)) FillFresh(block, offset, size);
  return block;
}

// realloc, with the bytes that it adds filled, and what it leaves behind.
void* PerturbedRealloc(ThreadHeap& thread, void* block, size_t size);

}  // namespace breakproof::allocator
