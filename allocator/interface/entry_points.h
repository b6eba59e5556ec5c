// What the standards say about arguments, NULL and errno, over a given thread heap. The exported functions and
// the tests' logical threads run this same code; the heap below knows nothing of errno.
//
// A thread heap that is a placeholder (kNoThread) has no memory: every allocation fails with ENOMEM. Sizes and
// alignments are bytes and may be any number.
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/checked.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator::entry {

inline void* OrEnomem(void* block) {
  if (__builtin_expect(block == nullptr, 0)) errno = ENOMEM;
  return block;
}

inline bool CanAllocate(const ThreadHeap& thread) { return thread.id() != kNoThread; }

// malloc, where nothing was at hand.
inline void* MallocSlowly(ThreadHeap& thread, size_t size) {
  return OrEnomem(CanAllocate(thread) ? thread.AllocateSlowly(size) : nullptr);
}

inline void* Malloc(ThreadHeap& thread, size_t size) {
  void* block = thread.AllocateFast(size);
  if (__builtin_expect(block == nullptr, 0)) block = thread.AllocateMedium(size);
  return __builtin_expect(block != nullptr, 1) ? block : MallocSlowly(thread, size);
}

inline void* Calloc(ThreadHeap& thread, size_t count, size_t size) {
  const auto bytes = arithmetic::CheckedMultiply<uint64_t>(count, size);
  return OrEnomem(bytes.overflow || !CanAllocate(thread) ? nullptr : thread.AllocateZeroed(bytes.value));
}

// Size 0 frees and returns NULL, as glibc's does (malloc(3)).
inline void* Realloc(ThreadHeap& thread, void* block, size_t size) {
  if (block == nullptr) return Malloc(thread, size);
  if (size == 0) {
    thread.Free(block);
    return nullptr;
  }
  return OrEnomem(CanAllocate(thread) ? thread.Reallocate(block, size) : nullptr);
}

inline void* Reallocarray(ThreadHeap& thread, void* block, size_t count, size_t size) {
  const auto bytes = arithmetic::CheckedMultiply<uint64_t>(count, size);
  return bytes.overflow ? OrEnomem(nullptr) : Realloc(thread, block, bytes.value);
}

// C23: the size that the block was asked for with, in malloc, calloc or the last realloc. U3 of heap/misuse.h.
inline void FreeSized(ThreadHeap& thread, void* block, size_t size) {
  thread.CheckSize(block, size);
  thread.Free(block);
}

// C23: the same for aligned_alloc. An alignment may have taken a block of a larger class.
inline void FreeAlignedSized(ThreadHeap& thread, void* block, size_t alignment, size_t size) {
  const uint64_t effective = arithmetic::EffectiveAlignment<uint64_t>(alignment);
  const bool has_class = arithmetic::HasAlignedClass<uint64_t>(size, effective);
  FreeSized(thread, block, has_class ? arithmetic::AlignUp<uint64_t>(size + (size == 0), effective) : size);
}

// memalign, where nothing was at hand.
__attribute__((noinline)) inline void* MemalignSlowly(ThreadHeap& thread, size_t alignment, size_t size) {
  if (alignment > uint64_t{1} << 63) {
    errno = EINVAL;
    return nullptr;
  }
  const uint64_t effective = arithmetic::EffectiveAlignment<uint64_t>(alignment);
  return OrEnomem(CanAllocate(thread) ? thread.AllocateAligned(effective, size) : nullptr);
}

// memalign(3) as glibc 2.36 does it: what is no power of two is rounded up to one. aligned_alloc is the same. Not inlined:
// it has a dozen callers, and all of the library is resident in a small program.
__attribute__((noinline)) inline void* Memalign(ThreadHeap& thread, size_t alignment, size_t size) {
  void* const block = thread.AllocateAlignedFast(alignment, size);
  return __builtin_expect(block != nullptr, 1) ? block : MemalignSlowly(thread, alignment, size);
}

// The error is returned, not left in errno (POSIX).
inline int PosixMemalign(ThreadHeap& thread, void** result, size_t alignment, size_t size) {
  if (!arithmetic::IsPosixAlignment<uint64_t>(alignment)) return EINVAL;
  const int saved = errno;
  void* const block = Memalign(thread, alignment, size);
  errno = saved;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

inline void* Pvalloc(ThreadHeap& thread, size_t size) {
  const auto bytes = arithmetic::CheckedPageRound<uint64_t>(size);
  return bytes.overflow ? OrEnomem(nullptr) : Memalign(thread, kPageSize, bytes.value);
}

}  // namespace breakproof::allocator::entry
