// The malloc family of libbreakproof.so: names, and the thread heap of the caller. What each entry point does is
// entry_points.h; signatures and results are glibc's.
//
// No entry point calls another by its exported name: the program may have defined that one itself.
#include <stddef.h>

#include "allocator/interface/entry_points.h"
#include "allocator/interface/export.h"
#include "allocator/interface/forks.h"
#include "allocator/interface/perturb.h"
#include "allocator/interface/process.h"

namespace breakproof::allocator {
namespace {

__attribute__((noinline, cold)) void* AllocatedPerturbed(void* block, size_t size) {
  ChoosePath();  // it may have begun since this thread did
  return Perturbed(block, size);
}

__attribute__((noinline)) void* AllocateSlowly(size_t size) {
  void* const block = entry::MallocSlowly(Started(), size);
  return __builtin_expect(IsPerturbing(), 0) ? AllocatedPerturbed(block, size) : block;
}

// Three functions, so that the quicker ones need no registers but those of the call.
__attribute__((noinline)) void* AllocateMedium(size_t size) {
  void* const block = thread_heap->AllocateMedium(size);
  return __builtin_expect(block != nullptr, 1) ? block : AllocateSlowly(size);
}

inline void* Allocate(size_t size) {
  void* const block = thread_heap->AllocateFast(size);
  return __builtin_expect(block != nullptr, 1) ? block : AllocateMedium(size);
}

__attribute__((always_inline)) inline void Free(void* block) { ThreadHeap::FreeTo(block, thread_heap); }

inline void* AllocateZeroed(size_t count, size_t size) {
  if (__builtin_expect(MayWatchForks(), 0)) WatchForks();  // libc asks for the storage of its first other thread
  return entry::Calloc(Started(), count, size);
}

inline void* Reallocate(void* block, size_t size) {
  ThreadHeap& thread = Started();
  return __builtin_expect(IsPerturbing(), 0) ? PerturbedRealloc(thread, block, size)
                                             : entry::Realloc(thread, block, size);
}

__attribute__((noinline)) void* AllocateAlignedSlowly(size_t alignment, size_t size) {
  return Perturbed(entry::Memalign(Started(), alignment, size), size);
}

__attribute__((noinline)) void* AllocateAligned(size_t alignment, size_t size) {
  void* const block = thread_heap->AllocateAlignedFast(alignment, size);
  return __builtin_expect(block != nullptr, 1) ? block : AllocateAlignedSlowly(alignment, size);
}

inline void* AllocatePages(size_t size) { return Perturbed(entry::Pvalloc(Started(), size), size); }

}  // namespace
}  // namespace breakproof::allocator

using namespace breakproof::allocator;  // NOLINT: the whole file is the interface

EXPORT void* BREAKPROOF_PREFIX(malloc)(size_t size) noexcept { return Allocate(size); }
EXPORT void BREAKPROOF_PREFIX(free)(void* block) noexcept { Free(block); }
EXPORT void* BREAKPROOF_PREFIX(calloc)(size_t count, size_t size) noexcept { return AllocateZeroed(count, size); }
EXPORT void* BREAKPROOF_PREFIX(realloc)(void* block, size_t size) noexcept { return Reallocate(block, size); }
EXPORT void* BREAKPROOF_PREFIX(reallocarray)(void* block, size_t count, size_t size) noexcept {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? entry::OrEnomem(nullptr) : Reallocate(block, bytes);
}

EXPORT void BREAKPROOF_PREFIX(free_sized)(void* block, size_t size) noexcept {
  entry::FreeSized(*thread_heap, block, size);
}
EXPORT void BREAKPROOF_PREFIX(free_aligned_sized)(void* block, size_t alignment, size_t size) noexcept {
  entry::FreeAlignedSized(*thread_heap, block, alignment, size);
}

EXPORT void* BREAKPROOF_PREFIX(memalign)(size_t alignment, size_t size) noexcept {
  return AllocateAligned(alignment, size);
}
EXPORT void* BREAKPROOF_PREFIX(aligned_alloc)(size_t alignment, size_t size) noexcept {
  return AllocateAligned(alignment, size);
}
EXPORT int BREAKPROOF_PREFIX(posix_memalign)(void** result, size_t alignment, size_t size) noexcept {
  const int error = entry::PosixMemalign(Started(), result, alignment, size);
  if (error == 0) Perturbed(*result, size);
  return error;
}
EXPORT void* BREAKPROOF_PREFIX(valloc)(size_t size) noexcept { return AllocateAligned(kPageSize, size); }
EXPORT void* BREAKPROOF_PREFIX(pvalloc)(size_t size) noexcept { return AllocatePages(size); }
EXPORT size_t BREAKPROOF_PREFIX(malloc_usable_size)(void* block) noexcept { return thread_heap->UsableSize(block); }

// What glibc exports besides, for programs that were built long ago or that wrap malloc by its inner names. Left to
// glibc, their blocks would be its own, and free of one an error.
#ifndef BREAKPROOF_EMBEDDED
EXPORT void cfree(void* block) noexcept { Free(block); }
EXPORT void* __libc_malloc(size_t size) noexcept { return Allocate(size); }
EXPORT void __libc_free(void* block) noexcept { Free(block); }
EXPORT void* __libc_calloc(size_t count, size_t size) noexcept { return AllocateZeroed(count, size); }
EXPORT void* __libc_realloc(void* block, size_t size) noexcept { return Reallocate(block, size); }
EXPORT void* __libc_memalign(size_t alignment, size_t size) noexcept { return AllocateAligned(alignment, size); }
EXPORT void* __libc_valloc(size_t size) noexcept { return AllocateAligned(kPageSize, size); }
EXPORT void* __libc_pvalloc(size_t size) noexcept { return AllocatePages(size); }
#endif
