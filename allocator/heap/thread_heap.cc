#include "allocator/heap/thread_heap.h"

#include <string.h>

#include "allocator/arithmetic/slab.h"
#include "allocator/base/require.h"

namespace breakproof::allocator {
namespace {

using arithmetic::ClassInfo;
using arithmetic::kClassInfo;
using arithmetic::kMaxClassSize;

// Blocks that a refill cuts from a slab at a time: a page's worth at most, so that a program which needs few of
// a size touches few pages.
std::uint32_t CutAtOnce(std::uint64_t size_class) {
  const std::uint64_t in_a_page = kPageSize / kClassInfo.of[size_class].size;
  const auto refill = static_cast<std::uint64_t>(RefillCount(size_class));
  const std::uint64_t blocks = in_a_page < refill ? in_a_page : refill;
  return blocks == 0 ? 1 : static_cast<std::uint32_t>(blocks);
}

}  // namespace

void ThreadHeap::Init(Heap* heap, std::uint64_t id) {
  heap_ = heap;
  map_ = &heap->pages().map();
  id_ = id;
  for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    fill_[size_class] = -BinCapacity(size_class);
  }
}

// ---- Allocation

void* ThreadHeap::AllocateSlowly(std::size_t size) {
  // From the threshold on a request has a mapping of its own, however small the threshold was made.
  if (size <= kMaxClassSize && !heap_->pages().WantsMapping(size)) {
    return AllocateSmall(arithmetic::FastSizeToClass(size));
  }
  bool is_zero;
  return AllocateLarge(size, 1, &is_zero);
}

void* ThreadHeap::AllocateSmall(std::uint64_t size_class) {
  void* const block = TakeFromBin(size_class);
  if (__builtin_expect(block != nullptr, 1)) return block;
  return Refill(size_class) ? TakeFromBin(size_class) : nullptr;
}

void* ThreadHeap::AllocateZeroed(std::size_t size) {
  if (size <= kMaxClassSize && !heap_->pages().WantsMapping(size)) {
    void* const block = Allocate(size);
    return block == nullptr ? nullptr : memset(block, 0, size);
  }
  bool is_zero = false;
  void* const block = AllocateLarge(size, 1, &is_zero);
  if (block != nullptr && !is_zero) memset(block, 0, size);
  return block;
}

void* ThreadHeap::AllocateAligned(std::size_t alignment, std::size_t size) {
  const bool has_class = arithmetic::HasAlignedClass<std::uint64_t>(size, alignment);
  if (has_class && !heap_->pages().WantsMapping(size)) {
    return AllocateSmall(arithmetic::AlignedSizeToClass<std::uint64_t>(size, alignment));
  }
  bool is_zero;
  return AllocateLarge(size, alignment, &is_zero);
}

// ---- Slabs

bool ThreadHeap::Refill(std::uint64_t size_class) {
  if (!incoming_.IsEmpty()) TakeIncoming();
  Span* slab = slabs_[size_class];
  if (slab == nullptr) slab = NewSlab(size_class);
  if (slab == nullptr) return false;
  RefillFromSlab(size_class, slab);
  return true;
}

// The bin is empty.
void ThreadHeap::RefillFromSlab(std::uint64_t size_class, Span* slab) {
  const std::uint32_t taken = slab->free_list != nullptr ? TakeFreed(slab) : Carve(slab);
  slab->used += taken;
  fill_[size_class] += static_cast<std::int32_t>(taken);
  const bool is_exhausted = slab->free_list == nullptr && slab->carved == kClassInfo.of[size_class].blocks;
  if (is_exhausted) UnlistSlab(slab);  // until a block comes back
}

// Blocks that were freed into the slab.
std::uint32_t ThreadHeap::TakeFreed(Span* slab) {
  const auto most = static_cast<std::uint32_t>(RefillCount(slab->size_class));
  auto* last = static_cast<FreeBlock*>(slab->free_list);
  bins_[slab->size_class] = last;
  std::uint32_t taken = 1;
  for (; taken < most && last->next != nullptr; ++taken) last = last->next;
  slab->free_list = last->next;
  last->next = nullptr;
  return taken;
}

// Blocks that were never used, in ascending order.
std::uint32_t ThreadHeap::Carve(Span* slab) {
  const ClassInfo& info = kClassInfo.of[slab->size_class];
  const std::uint32_t left = info.blocks - slab->carved;
  const std::uint32_t wanted = CutAtOnce(slab->size_class);
  const std::uint32_t taken = left < wanted ? left : wanted;
  FreeBlock** link = &bins_[slab->size_class];
  for (std::uint32_t i = 0; i < taken; ++i) {
    auto* const block = reinterpret_cast<FreeBlock*>(
        slab->start + arithmetic::BlockOffset<std::uint64_t>(slab->carved + i, info.size));
    *link = block;
    link = &block->next;
  }
  *link = nullptr;
  slab->carved += taken;
  return taken;
}

Span* ThreadHeap::NewSlab(std::uint64_t size_class) {
  PageHeap& pages = heap_->pages();
  const ClassInfo& info = kClassInfo.of[size_class];
  heap_->DrainOneIdle();
  const LockGuard guard(pages.lock());
  Span* const slab = pages.Allocate(info.pages, PageHeap::Supply::kAny);
  if (slab == nullptr) return nullptr;
  slab->use = SpanUse::kSlab;
  slab->size_class = static_cast<std::uint8_t>(size_class);
  slab->owner = static_cast<std::uint16_t>(id_);
  slab->free_list = nullptr;
  slab->carved = slab->used = 0;
  slab->is_listed = false;
  pages.map().SetAll(*slab, PageEntry(slab, id_, size_class));
  ListSlab(slab);
  return slab;
}

void ThreadHeap::ListSlab(Span* slab) {
  Span*& head = slabs_[slab->size_class];
  slab->previous = nullptr;
  slab->next = head;
  if (head != nullptr) head->previous = slab;
  head = slab;
  slab->is_listed = true;
}

void ThreadHeap::UnlistSlab(Span* slab) {
  (slab->previous != nullptr ? slab->previous->next : slabs_[slab->size_class]) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
  slab->next = slab->previous = nullptr;
  slab->is_listed = false;
}

void ThreadHeap::ReturnToSlab(FreeBlock* block) {
  Span* const slab = map_->Find(reinterpret_cast<std::uintptr_t>(block)).span();
  block->next = static_cast<FreeBlock*>(slab->free_list);
  slab->free_list = block;
  --slab->used;
  if (!slab->is_listed) ListSlab(slab);
  if (slab->used == 0) ReleaseSlab(slab);
}

void ThreadHeap::ReleaseSlab(Span* slab) {
  UnlistSlab(slab);
  PageHeap& pages = heap_->pages();
  const LockGuard guard(pages.lock());
  pages.map().SetAll(*slab, PageEntry());
  pages.Free(slab);
}

// Half of a full bin goes back to the slabs: the half that was freed first, which is the colder one.
void ThreadHeap::Overflow(void* newest, ThreadHeap* thread, PageEntry entry) {
  const std::uint64_t size_class = entry.size_class();
  const std::int32_t kept = BinCapacity(size_class) / 2;
  auto* last_kept = static_cast<FreeBlock*>(newest);
  for (std::int32_t i = 1; i < kept; ++i) last_kept = last_kept->next;
  FreeBlock* const returned = last_kept->next;
  last_kept->next = nullptr;
  thread->fill_[size_class] = kept - BinCapacity(size_class);
  thread->ReturnAll(returned);
}

void ThreadHeap::ReturnAll(FreeBlock* block) {
  while (block != nullptr) {
    FreeBlock* const next = block->next;
    ReturnToSlab(block);
    block = next;
  }
}

// ---- Blocks of other owners

void ThreadHeap::FreeSlowly(void* block, ThreadHeap* thread, PageEntry entry) {
  if (block == nullptr) return;
  const Heap::BeforeFree before_free = thread->id_ == kNoThread ? thread->heap_->before_free() : nullptr;
  if (before_free != nullptr) {
    ThreadHeap* const own = before_free(block);
    if (own != nullptr) return FreeTo(block, own);
  }
  if (entry.owner() != 0) {
    thread->FreeRemotely(static_cast<FreeBlock*>(block), entry);
  } else {
    thread->FreeLarge(thread->SpanOfLarge(block, entry, "free() of a pointer that is not a block"), true);
  }
}

void ThreadHeap::FreeRemotely(FreeBlock* block, PageEntry entry) {
  if (id_ == kNoThread) {  // a thread that has not allocated keeps no batches
    heap_->OwnerOf(entry.owner())->incoming_.Push(block, block);
    return;
  }
  Batch& batch = batches_[entry.owner() % kBatches];
  if (batch.first != nullptr && batch.owner != entry.owner()) Send(&batch);
  if (batch.first == nullptr) batch.last = block;
  block->next = batch.first;
  batch.first = block;
  batch.owner = entry.owner();
  batch.bytes += kClassInfo.of[entry.size_class()].size;
  if (batch.bytes >= kBatchBytes) Send(&batch);
}

void ThreadHeap::Send(Batch* batch) {
  heap_->OwnerOf(batch->owner)->incoming_.Push(batch->first, batch->last);
  *batch = Batch{};
}

// What others freed for us goes where it would have gone had we freed it.
void ThreadHeap::TakeIncoming() { ReturnAll(incoming_.TakeAll()); }

void ThreadHeap::Flush() {
  for (Batch& batch : batches_) {
    if (batch.first != nullptr) Send(&batch);
  }
  TakeIncoming();
  for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    FreeBlock* const blocks = bins_[size_class];
    bins_[size_class] = nullptr;
    fill_[size_class] = -BinCapacity(size_class);
    ReturnAll(blocks);
  }
}

}  // namespace breakproof::allocator
