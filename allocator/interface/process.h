// The heap of the process and the thread heap of each thread: how they begin, end and survive a fork.
#pragma once

#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {

#pragma GCC visibility push(hidden)  // else the fast paths would look up addresses that are known

// nullptr before the process has begun, and if there is no memory for it.
extern constinit Heap* process_heap;
// What a thread has before its first call, and what stands in for its thread heap while every call of it is to take
// the slow paths: it can free, and has nothing at hand.
extern constinit PlaceholderThreadHeap placeholder;

// Never null. Whoever reads it from a signal handler or after the thread's destructors ran finds one of the two.
extern constinit thread_local ThreadHeap* thread_heap __attribute__((tls_model("initial-exec")));

// This thread's heap, whatever stands in for it; nullptr until it begins, and after it ended.
ThreadHeap* OwnHeap();

// The same, begun now if need be; the placeholder if there is no memory for one. For calls that find the placeholder.
ThreadHeap* StartThread();

// Decides anew whether this thread may take the fast paths: after M_PERTURB has been set.
void ChoosePath();

// All the locks there are, in the order in which any thread takes them. With them held the heap is as it should be.
void AcquireProcessLocks();
void ReleaseProcessLocks();
// In the child of a fork nobody else holds or awaits them.
void ResetProcessLocks();

#pragma GCC visibility pop

// `thread_heap` once it can allocate; the placeholder, which cannot, if the thread could not begin.
inline ThreadHeap& Started() {
  ThreadHeap* const thread = thread_heap;
  return __builtin_expect(thread != &placeholder.thread, 1) ? *thread : *StartThread();
}

}  // namespace breakproof::allocator
