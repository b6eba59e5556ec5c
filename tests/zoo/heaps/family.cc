// The entry points of the malloc family, on whichever heap is built with them.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <new>

#include "tests/zoo/heaps/family.h"

#define REPLACED __attribute__((visibility("default")))
#define EXPORT extern "C" __attribute__((visibility("default")))

namespace zoo {
namespace {

constexpr size_t kMaxAlign = 16;

void LockAll() { pthread_mutex_lock(&the_lock); }
void UnlockAll() { pthread_mutex_unlock(&the_lock); }

// No fork while another thread is inside.
[[gnu::constructor]] void PrepareForForks() {
  pthread_atfork(LockAll, UnlockAll, Has(Defect::kForkKeepsLock) ? nullptr : UnlockAll);
}

const size_t* volatile page_size;  // set up by the first call, whichever that is
constexpr size_t kPageSize = kPage;

void SetUp(bool is_plain) {
  if (Has(Defect::kSetUpByMallocOnly) && !is_plain) return;
  page_size = &kPageSize;
}

bool IsPowerOfTwo(size_t n) { return n != 0 && (n & (n - 1)) == 0; }

void* NoMemory() {
  if (Has(Defect::kFailureKeepsErrno)) return nullptr;
  errno = Has(Defect::kFailureSetsEagain) ? EAGAIN : ENOMEM;
  return nullptr;
}

// Room for a tag and for rounding to pages must not wrap.
bool IsTooLarge(size_t size) {
  if (Has(Defect::kSizeWraps)) return size + kMaxAlign > PTRDIFF_MAX;
  return size > PTRDIFF_MAX - 2 * kPage;
}

// Overlooks that the caller may use what lies behind the bytes asked for: its canary is written one call late.
void ArmLateCanary(void* block, size_t size) {
  static char* canary;
  static void* owner;
  if (block == nullptr) {
    if (owner == canary) canary = nullptr;
    return;
  }
  if (canary != nullptr) *canary = '!';
  owner = block;
  canary = Usable(block) > size ? static_cast<char*>(block) + size : nullptr;
}

void* Allocate(size_t size, size_t alignment, bool zeroed) {
  if (IsTooLarge(size)) return NoMemory();
  const int saved = errno;
  pthread_mutex_lock(&the_lock);
  bool is_zero;
  void* const block = Take(size, alignment, &is_zero);
  if (Has(Defect::kLateCanary) && block != nullptr) ArmLateCanary(block, size);
  if (block != nullptr || !Has(Defect::kLockKeptOnFailure)) pthread_mutex_unlock(&the_lock);
  if (block == nullptr) return NoMemory();
  errno = saved;
  if (!zeroed || is_zero) return block;
  if (!Has(Defect::kCallocKeepsDirt)) memset(block, 0, Has(Defect::kCallocZeroesWholeWords) ? size / 8 * 8 : size);
  return block;
}

void Release(void* block) {
  if (block == nullptr) return;
  const int saved = errno;
  {
    const Lock lock;
    if (Has(Defect::kLateCanary)) ArmLateCanary(nullptr, 0);
    Give(block);
  }
  if (!Has(Defect::kFreeLetsErrnoThrough)) errno = Has(Defect::kFreeClearsErrno) ? 0 : saved;
}

void ReleaseSized(void* block, size_t size, size_t alignment) {
  if (block == nullptr) return;
  const Lock lock;
  if (Has(Defect::kLateCanary)) ArmLateCanary(nullptr, 0);
  GiveSized(block, size, alignment);
}

[[maybe_unused]] size_t UsableSize(void* block) {
  const Lock lock;
  const size_t usable = Usable(block);
  if (Has(Defect::kUsableShort)) return usable - 8;
  return usable;
}

bool Multiply(size_t count, size_t size, size_t* bytes) {
  const bool overflows = __builtin_mul_overflow(count, size, bytes);
  if (Has(Defect::kProductWraps)) return true;
  if (Has(Defect::kProductCheckedByDivision)) {
    const volatile size_t most = SIZE_MAX / count;  // volatile, or the compiler knows a better way
    return size <= most;
  }
  return !overflows;
}

void* Reallocate(void* block, size_t size) {
  if (block == nullptr && !Has(Defect::kReallocOfNullCrashes)) return Allocate(size, kMaxAlign, false);
  if (size == 0) {
    Release(block);
    return nullptr;
  }
  if (IsTooLarge(size)) {
    if (Has(Defect::kFailedReallocFrees)) Release(block);
    if (Has(Defect::kFailedReallocTagsBlock)) memcpy(block, &size, sizeof size);
    return NoMemory();
  }
  const int saved = errno;
  size_t old_usable;
  {
    const Lock lock;
    bool failed;
    void* const resized = ResizeInPlace(block, size, &failed);
    if (failed) return NoMemory();
    errno = saved;
    if (resized != nullptr) return resized;
    old_usable = Usable(block);
  }
  void* const moved = Allocate(size, kMaxAlign, false);
  if (moved == nullptr) return nullptr;
  size_t kept = old_usable < size ? old_usable : size;
  if (Has(Defect::kReallocLosesTail) && size > old_usable) kept -= 8;
  if (Has(Defect::kReallocReadsTooMuch)) kept = size;
  memcpy(moved, block, kept);
  Release(block);
  return moved;
}

void* AllocateAligned(size_t alignment, size_t size) {
  if (!IsPowerOfTwo(alignment)) {
    if (Has(Defect::kRoundsZeroForEver)) {
      volatile size_t power = alignment;  // or the compiler takes the loop for finite
      while (!IsPowerOfTwo(power)) power = power & (power - 1);
    }
    errno = EINVAL;
    return nullptr;
  }
  if (Has(Defect::kAlignmentLimited) && alignment > kPage) return NoMemory();
  return Allocate(size, alignment < kMaxAlign ? kMaxAlign : alignment, false);
}

void* New(size_t size, size_t alignment) {
  SetUp(true);
  if (Has(Defect::kAlignedNewUnaligned) || alignment < kMaxAlign) alignment = kMaxAlign;
  return Allocate(size, alignment, false);
}

// There is no C++ runtime to throw with.
void* NewOrEnd(size_t size, size_t alignment) {
  if (Has(Defect::kAlignedNewWraps) && alignment > kMaxAlign) size = RoundUp(size, alignment);
  void* const block = New(size, alignment);
  if (block == nullptr) abort();
  return block;
}

void* NewOrNull(size_t size, size_t alignment) {
  return Has(Defect::kEmptyNothrowNewRefused) && size == 0 ? nullptr : New(size, alignment);
}

constexpr size_t Number(std::align_val_t alignment) { return static_cast<size_t>(alignment); }

}  // namespace
}  // namespace zoo

using namespace zoo;

EXPORT void* malloc(size_t size) {
  SetUp(true);
  return Allocate(size, kMaxAlign, false);
}

EXPORT void free(void* block) { Release(block); }

EXPORT void* calloc(size_t count, size_t size) {
  SetUp(true);
  size_t bytes;
  if (!Multiply(count, size, &bytes)) {
    if (!Has(Defect::kOverflowKeepsErrno)) errno = ENOMEM;
    return nullptr;
  }
  void* const block = Allocate(bytes, kMaxAlign, !Has(Defect::kCallocZeroesOneElement));
  if (Has(Defect::kCallocZeroesOneElement) && block != nullptr) memset(block, 0, size);
  return block;
}

EXPORT void* realloc(void* block, size_t size) { return Reallocate(block, size); }

EXPORT void* reallocarray(void* block, size_t count, size_t size) {
  size_t bytes;
  if (Multiply(count, size, &bytes)) return Reallocate(block, bytes);
  errno = ENOMEM;
  return nullptr;
}

EXPORT void* memalign(size_t alignment, size_t size) {
  SetUp(false);
  if (Has(Defect::kEmptyBlockMisaligned) && size == 0) alignment = kMaxAlign;
  return AllocateAligned(alignment, size);
}

EXPORT void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

EXPORT void* valloc(size_t size) {
  SetUp(false);
  if (IsTooLarge(size)) return NoMemory();
  return AllocateAligned(Has(Defect::kVallocUnaligned) && size < kPage ? kMaxAlign : *page_size, size);
}

#ifndef BREAKPROOF_NO_PVALLOC
EXPORT void* pvalloc(size_t size) {
  SetUp(false);
  if (IsTooLarge(size) && !Has(Defect::kPvallocWraps)) return NoMemory();
  const size_t bytes = RoundUp(size, *page_size);
  return AllocateAligned(*page_size, Has(Defect::kPvallocNotRounded) ? size : bytes);
}
#endif

EXPORT int posix_memalign(void** result, size_t alignment, size_t size) {
  SetUp(false);
  const bool is_multiple = alignment % sizeof(void*) == 0 || Has(Defect::kPosixTakesAnyPowerOfTwo);
  if (!IsPowerOfTwo(alignment) || !is_multiple) return EINVAL;
  const int saved = errno;
  void* const block = AllocateAligned(alignment, size);
  errno = saved;
  if (block == nullptr) return Has(Defect::kPosixFailsWithMinusOne) ? -1 : ENOMEM;
  *result = block;
  return 0;
}

#ifndef BREAKPROOF_NO_USABLE_SIZE
EXPORT size_t malloc_usable_size(void* block) { return block == nullptr ? 0 : UsableSize(block); }
#endif

// --- C++

REPLACED void* operator new(size_t size) { return NewOrEnd(size, kMaxAlign); }
REPLACED void* operator new[](size_t size) { return NewOrEnd(size, kMaxAlign); }
REPLACED void* operator new(size_t size, const std::nothrow_t&) noexcept { return NewOrNull(size, kMaxAlign); }
REPLACED void* operator new[](size_t size, const std::nothrow_t&) noexcept { return NewOrNull(size, kMaxAlign); }
REPLACED void* operator new(size_t size, std::align_val_t alignment) { return NewOrEnd(size, Number(alignment)); }
REPLACED void* operator new[](size_t size, std::align_val_t alignment) { return NewOrEnd(size, Number(alignment)); }
REPLACED void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return NewOrNull(size, Number(alignment));
}
REPLACED void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return NewOrNull(size, Number(alignment));
}

REPLACED void operator delete(void* block) noexcept { Release(block); }
REPLACED void operator delete[](void* block) noexcept { Release(block); }
REPLACED void operator delete(void* block, const std::nothrow_t&) noexcept { Release(block); }
REPLACED void operator delete[](void* block, const std::nothrow_t&) noexcept { Release(block); }
REPLACED void operator delete(void* block, size_t size) noexcept { ReleaseSized(block, size, kMaxAlign); }
REPLACED void operator delete[](void* block, size_t size) noexcept {
  if (!Has(Defect::kArrayDeleteWithSizeLost)) ReleaseSized(block, size, kMaxAlign);
}
REPLACED void operator delete(void* block, std::align_val_t) noexcept { Release(block); }
REPLACED void operator delete[](void* block, std::align_val_t) noexcept { Release(block); }
REPLACED void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept { Release(block); }
REPLACED void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept { Release(block); }
REPLACED void operator delete(void* block, size_t size, std::align_val_t alignment) noexcept {
  ReleaseSized(block, size, Number(alignment));
}
REPLACED void operator delete[](void* block, size_t size, std::align_val_t alignment) noexcept {
  ReleaseSized(block, size, Number(alignment));
}
