// Every operator new and delete, on the same fast paths as malloc and free. What happens when there is no memory is
// the C++ runtime's to say (cxx_runtime.h).
#include "allocator/interface/operators.h"

#include "allocator/interface/cxx_runtime.h"
#include "allocator/interface/entry_points.h"
#include "allocator/interface/perturb.h"
#include "allocator/interface/process.h"

#define REPLACED __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

namespace breakproof::allocator {
namespace {

__attribute__((noinline)) void* AllocateSlowly(size_t size) {
  void* const block = thread_heap->AllocateMedium(size);
  return block != nullptr ? block : Perturbed(entry::MallocSlowly(Started(), size), size);
}

__attribute__((noinline)) void* NewSlowly(size_t size, void* caller) {
  void* const block = AllocateSlowly(size);
  return block != nullptr ? block : AllocateOrThrow(size, caller);
}

inline void* AllocateAligned(size_t size, std::align_val_t alignment) {
  return Perturbed(entry::Memalign(Started(), static_cast<size_t>(alignment), size), size);
}

// By the nothrow operator of that name where ours may not, or cannot, serve.
inline void* NewOrNull(const char* name, size_t size, void* caller) noexcept {
  void* block = nullptr;
  if (AreNewOperatorsOurs()) {
    block = thread_heap->AllocateFast(size);
    if (block == nullptr) block = AllocateSlowly(size);
  }
  return block != nullptr ? block : AllocateOrNull(name, size, caller);
}

inline void* NewAlignedOrNull(const char* name, size_t size, std::align_val_t alignment, void* caller) noexcept {
  void* const block = AreNewOperatorsOurs() ? AllocateAligned(size, alignment) : nullptr;
  return block != nullptr ? block : AllocateOrNull(name, size, alignment, caller);
}

inline void Free(void* block) { ThreadHeap::FreeTo(block, thread_heap); }

}  // namespace
}  // namespace breakproof::allocator

using namespace breakproof::allocator;  // NOLINT: the whole file is the interface

// ---- new

REPLACED void* operator new(size_t size) {
  void* const block = thread_heap->AllocateFast(size);
  return __builtin_expect(block != nullptr, 1) ? block : NewSlowly(size, CALLER);
}
REPLACED void* operator new(size_t size, std::align_val_t alignment) {
  void* const block = AllocateAligned(size, alignment);
  return __builtin_expect(block != nullptr, 1) ? block : AllocateOrThrow(size, alignment, CALLER);
}
REPLACED void* operator new[](size_t size) { return kProgram.allocate(size); }
REPLACED void* operator new[](size_t size, std::align_val_t alignment) {
  return kProgram.allocate_aligned(size, alignment);
}

REPLACED void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return NewOrNull("_ZnwmRKSt9nothrow_t", size, CALLER);
}
REPLACED void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return NewOrNull("_ZnamRKSt9nothrow_t", size, CALLER);
}
REPLACED void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return NewAlignedOrNull("_ZnwmSt11align_val_tRKSt9nothrow_t", size, alignment, CALLER);
}
REPLACED void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return NewAlignedOrNull("_ZnamSt11align_val_tRKSt9nothrow_t", size, alignment, CALLER);
}

void* OurNew(size_t size) __attribute__((alias("_Znwm")));
void* OurNewArray(size_t size) __attribute__((alias("_Znam")));
void* OurNewAligned(size_t size, std::align_val_t alignment) __attribute__((alias("_ZnwmSt11align_val_t")));
void* OurNewAlignedArray(size_t size, std::align_val_t alignment) __attribute__((alias("_ZnamSt11align_val_t")));

// ---- delete: of a size and alignment that new was called with

REPLACED void operator delete(void* block) noexcept { Free(block); }
REPLACED void operator delete(void* block, std::align_val_t) noexcept { Free(block); }
REPLACED void operator delete(void* block, size_t) noexcept { kProgram.release(block); }
REPLACED void operator delete(void* block, const std::nothrow_t&) noexcept { kProgram.release(block); }
REPLACED void operator delete(void* block, size_t, std::align_val_t alignment) noexcept {
  kProgram.release_aligned(block, alignment);
}
REPLACED void operator delete(void* block, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  kProgram.release_aligned(block, alignment);
}

REPLACED void operator delete[](void* block) noexcept { kProgram.release(block); }
REPLACED void operator delete[](void* block, std::align_val_t alignment) noexcept {
  kProgram.release_aligned(block, alignment);
}
REPLACED void operator delete[](void* block, size_t) noexcept { kProgram.release_array(block); }
REPLACED void operator delete[](void* block, const std::nothrow_t&) noexcept { kProgram.release_array(block); }
REPLACED void operator delete[](void* block, size_t, std::align_val_t alignment) noexcept {
  kProgram.release_aligned_array(block, alignment);
}
REPLACED void operator delete[](void* block, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  kProgram.release_aligned_array(block, alignment);
}
