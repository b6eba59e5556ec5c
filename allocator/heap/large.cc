// Requests that are whole spans: mappings of their own from the threshold on, spans of the page heap below it.
#include <string.h>

#include "allocator/arithmetic/mapping.h"
#include "allocator/base/require.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {
namespace {

using arithmetic::kMaxClassSize;

// Enters the one address by which a span of a single block is found.
void Enter(PageMap& map, Span* span) {
  map.Set(arithmetic::AlignDown<std::uint64_t>(span->payload, kPageSize), span);
}

// Whether a request of `size` may be left in a block of `usable` bytes: moving for less than half would save little
// and cost a copy.
bool MayStay(std::size_t size, std::size_t usable) { return size > usable / 2 || usable <= 32; }

void Leave(PageMap& map, const Span* span) {
  map.Set(arithmetic::AlignDown<std::uint64_t>(span->payload, kPageSize), nullptr);
}

}  // namespace

void* ThreadHeap::AllocateLarge(std::size_t size, std::size_t alignment, bool* is_zero) {
  PageHeap& pages = heap_->pages();
  const auto length = arithmetic::MappingLength<std::uint64_t>(size, alignment);
  if (length.overflow) return nullptr;
  heap_->MakeRoom(length.value >> kPageShift);
  const LockGuard guard(pages.lock());
  const bool wants_mapping = pages.WantsMapping(size);
  Span* span = wants_mapping ? pages.Map(length.value, alignment) : nullptr;
  if (span != nullptr) {
    *is_zero = true;
  } else if (void* const block = wants_mapping ? TakeAtHand(size, alignment) : nullptr) {
    *is_zero = false;
    return block;
  } else {
    // Below the threshold, or the kernel has no more mappings: the heap serves it.
    const std::uint64_t payload_pages = (length.value - arithmetic::AlignmentSlack<std::uint64_t>(alignment)) >> kPageShift;
    const auto supply = wants_mapping ? PageHeap::Supply::kBreakOnly : PageHeap::Supply::kAny;
    span = alignment > kPageSize ? pages.AllocateAligned(payload_pages, alignment, supply)
                                 : pages.Allocate(payload_pages, supply);
    if (span == nullptr) return nullptr;
    *is_zero = span->IsZero();
    span->use = SpanUse::kLarge;
    span->payload = span->start;
  }
  Enter(pages.map(), span);
  return reinterpret_cast<void*>(span->payload);
}

// A block of the right class that is free already; for requests that were to have a mapping.
void* ThreadHeap::TakeAtHand(std::size_t size, std::size_t alignment) {
  if (!arithmetic::HasAlignedClass<std::uint64_t>(size, alignment)) return nullptr;
  const std::uint64_t size_class = arithmetic::AlignedSizeToClass<std::uint64_t>(size, alignment);
  if (bin_count(size_class) == 0 && slabs_[size_class] != nullptr) {
    RefillFromSlab(size_class, slabs_[size_class], RefillCount(size_class));
  }
  return TakeFromBin(size_class);
}

void ThreadHeap::FreeLarge(Span* span, bool adapts) {
  PageHeap& pages = heap_->pages();
  const LockGuard guard(pages.lock());
  Leave(pages.map(), span);
  if (span->use == SpanUse::kLarge) {
    pages.Free(span);
    return;
  }
  // Blocks of this size come and go: the next one is the heap's. One that realloc leaves has not gone.
  if (adapts) {
    pages.SetThreshold(arithmetic::AfterFreeOfMapping<std::uint64_t>(pages.threshold(), span->bytes()));
  }
  pages.Unmap(span);
}

// Dies unless the address is that of the one block of the span.
void ThreadHeap::CheckLarge(const void* block, const Span* span, const char* if_none) {
  const bool is_block = (span->use == SpanUse::kLarge || span->use == SpanUse::kMapping) &&
                        span->payload == reinterpret_cast<std::uintptr_t>(block);
  if (!is_block) Die(if_none);
}

std::size_t ThreadHeap::UsableSize(const void* block) const {
  if (block == nullptr) return 0;
  const Span* const span = SpanOf(block);
  if (span->use == SpanUse::kSlab) {
    CheckBlock(block, *span, kUsableSizeOfNoBlock, kUsableSizeOfFree);
    return BlockBytes(*span, reinterpret_cast<std::uintptr_t>(block));
  }
  CheckLarge(block, span, kUsableSizeOfNoBlock);
  return span->end() - span->payload;
}

// realloc leaves a block where it is while more than half of it is used, or where it is among the smallest.
void ThreadHeap::CheckSize(const void* block, std::size_t size) const {
  if (block == nullptr) return;
  const Span* const span = SpanOf(block);
  if (span->use == SpanUse::kSlab) {
    CheckBlock(block, *span, kFreeOfNoBlock, kFreeOfFree);
  } else {
    CheckLarge(block, span, kFreeOfNoBlock);
  }
  const std::size_t usable = UsableSize(block);
  if (size > usable) Die(kWrongSize);
  if (span->use != SpanUse::kSlab || MayStay(size, usable)) return;
  if (__atomic_load_n(&span->may_be_too_long, __ATOMIC_RELAXED)) return;
  if (arithmetic::FastSizeToClass(size) != arithmetic::FastSizeToClass(usable)) Die(kWrongSize);
}

// ---- realloc

void* ThreadHeap::Reallocate(void* block, std::size_t size) {
  Span* const span = SpanOf(block);
  if (span->use == SpanUse::kSlab) {
    CheckBlock(block, *span, kReallocOfNoBlock, kReallocOfFree);
    const std::size_t usable = BlockBytes(*span, reinterpret_cast<std::uintptr_t>(block));
    const bool may_stay = !heap_->pages().WantsMapping(size);
    if (may_stay && size <= usable && MayStay(size, usable)) return block;
    void* const moved = Move(block, usable, size);
    if (moved != nullptr || size > usable) return moved;
    // It stays for want of memory, and a sized free must not take its new size for a wrong one.
    __atomic_store_n(&span->may_be_too_long, true, __ATOMIC_RELAXED);
    return block;
  }
  CheckLarge(block, span, kReallocOfNoBlock);
  const bool is_resized = span->use == SpanUse::kMapping ? ResizeMapping(span, size) : ResizeLarge(span, size);
  if (is_resized) return reinterpret_cast<void*>(span->payload);
  const std::size_t usable = span->end() - span->payload;
  void* const moved = Move(block, usable, size);
  // What cannot move because there is no memory can always stay and be too long.
  return moved == nullptr && size <= usable ? block : moved;
}

void* ThreadHeap::Move(void* block, std::size_t old_size, std::size_t size) {
  void* const moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, old_size < size ? old_size : size);
  Span* const span = SpanOf(block);
  if (span->use == SpanUse::kSlab) {
    Free(block);
  } else {
    FreeLarge(span, false);
  }
  return moved;
}

// In place, if it can be. A block that has become small belongs into a slab, one that has reached the threshold
// gets a mapping.
bool ThreadHeap::ResizeLarge(Span* span, std::size_t size) {
  const auto bytes = arithmetic::CheckedPageRound<std::uint64_t>(size);
  if (size <= kMaxClassSize || bytes.overflow || bytes.value > arithmetic::kMaxRequest) return false;
  const std::uint64_t wanted = bytes.value >> kPageShift;
  PageHeap& pages = heap_->pages();
  if (pages.WantsMapping(size)) return false;
  const LockGuard guard(pages.lock());
  if (wanted == span->pages) return true;
  return wanted < span->pages ? pages.Shrink(span, wanted) : pages.Extend(span, wanted);
}

// A mapping stays one, longer or shorter; mremap moves pages, not bytes.
bool ThreadHeap::ResizeMapping(Span* span, std::size_t size) {
  const std::uint64_t offset = span->payload - span->start;
  const auto end = arithmetic::CheckedAdd<std::uint64_t>(offset, size);
  const auto bytes = arithmetic::CheckedPageRound<std::uint64_t>(end.value);
  if (end.overflow || bytes.overflow || bytes.value > arithmetic::kMaxRequest) return false;
  PageHeap& pages = heap_->pages();
  const LockGuard guard(pages.lock());
  if (bytes.value == span->bytes()) return true;
  // The entry goes first: once the kernel has moved the mapping, somebody else's may stand here.
  Leave(pages.map(), span);
  const bool is_remapped = pages.Remap(span, bytes.value);
  Enter(pages.map(), span);
  return is_remapped;
}

}  // namespace breakproof::allocator
