// A thread heap: what one thread allocates from and frees to. Its bins and slabs are touched by it alone.
//
//   malloc   takes the first block of a bin; an empty bin is refilled from the owner's slabs
//   free     puts an own block back into its bin; a bin that overflows returns half to the slabs
//   remote   a block of another owner is collected in a batch and pushed to that owner's list
//
// Requests above the largest class, or from the mapping threshold on, are the page heap's (large.cc).
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/heap/bin_table.h"
#include "allocator/heap/heap.h"
#include "allocator/heap/remote_list.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

class alignas(128) ThreadHeap {
 public:
  constexpr ThreadHeap() = default;
  // The placeholder that a thread has before its first call: it can free, and everything it cannot leads to a
  // slow path. Usable before anything was initialised.
  constexpr explicit ThreadHeap(Heap* heap) : map_(&heap->pages().map()), id_(kNoThread), heap_(heap) {}
  void Init(Heap* heap, std::uint64_t id);

  // The entry points. Sizes are bytes; nullptr means there is no memory (or no such object can exist).
  void* Allocate(std::size_t size) {
    void* const block = AllocateFast(size);
    return __builtin_expect(block != nullptr, 1) ? block : AllocateSlowly(size);
  }

  // The usual case: a block at hand; nullptr otherwise.
  void* AllocateFast(std::size_t size) {
    if (__builtin_expect(size > arithmetic::kMaxTableSize, 0)) return nullptr;
    return TakeFromBin(arithmetic::SmallSizeToClass(size));
  }
  void* AllocateSlowly(std::size_t size);
  void* AllocateZeroed(std::size_t size);
  // `alignment` is a power of two.
  void* AllocateAligned(std::size_t alignment, std::size_t size);
  void* Reallocate(void* block, std::size_t size);

  void Free(void* block) { FreeTo(block, this); }

  // Free, with the block first: the slow paths then find it where the caller has put it, which saves the fast
  // one two moves.
  static void FreeTo(void* block, ThreadHeap* thread) {
    const PageEntry entry = thread->map_->Find(reinterpret_cast<std::uintptr_t>(block));
    if (__builtin_expect(entry.owner() != thread->id_, 0)) return FreeSlowly(block, thread, entry);
    const std::uint64_t size_class = entry.size_class();
    auto* const free_block = static_cast<FreeBlock*>(block);
    free_block->next = thread->bins_[size_class];
    thread->bins_[size_class] = free_block;
    if (__builtin_expect(++thread->fill_[size_class] == 0, 0)) Overflow(block, thread, entry);
  }

  // Bytes that the caller may use; 0 for nullptr.
  std::size_t UsableSize(const void* block) const;

  // Everything at hand goes back to slabs and other owners; empty slabs to the page heap.
  void Flush();

  std::uint64_t id() const { return id_; }
  Heap* heap() const { return heap_; }

  // For walkers (heap/check.h).
  const FreeBlock* bin(std::uint64_t size_class) const { return bins_[size_class]; }
  std::int32_t bin_count(std::uint64_t size_class) const { return fill_[size_class] + BinCapacity(size_class); }
  const RemoteList<>& incoming() const { return incoming_; }
  static constexpr std::uint64_t kBatches = 8;  // direct-mapped by owner
  const FreeBlock* batch(std::uint64_t index) const { return batches_[index].first; }
  Span* slabs(std::uint64_t size_class) const { return slabs_[size_class]; }

 private:
  friend class Heap;

  // Blocks of one other owner, collected until there are enough of them.
  struct Batch {
    FreeBlock* first = nullptr;
    FreeBlock* last = nullptr;
    std::uint64_t bytes = 0;
    std::uint64_t owner = 0;
  };
  static constexpr std::uint64_t kBatchBytes = 16 * 1024;  // full

  // The first block of a bin; nullptr if it is empty.
  void* TakeFromBin(std::uint64_t size_class) {
    FreeBlock* const block = bins_[size_class];
    if (__builtin_expect(block == nullptr, 0)) return nullptr;
    bins_[size_class] = block->next;
    --fill_[size_class];
    return block;
  }

  void* AllocateLarge(std::size_t size, std::size_t alignment, bool* is_zero);
  void* AllocateSmall(std::uint64_t size_class);
  void* TakeAtHand(std::size_t size, std::size_t alignment);
  bool Refill(std::uint64_t size_class);
  void RefillFromSlab(std::uint64_t size_class, Span* slab);
  std::uint32_t TakeFreed(Span* slab);
  std::uint32_t Carve(Span* slab);
  Span* NewSlab(std::uint64_t size_class);
  static void Overflow(void* block, ThreadHeap* thread, PageEntry entry);
  void ReturnAll(FreeBlock* blocks);
  void ReturnToSlab(FreeBlock* block);
  void ReleaseSlab(Span* slab);
  void ListSlab(Span* slab);
  void UnlistSlab(Span* slab);
  static void FreeSlowly(void* block, ThreadHeap* thread, PageEntry entry);
  void FreeRemotely(FreeBlock* block, PageEntry entry);
  // `adapts`: the threshold may rise.
  void FreeLarge(Span* span, bool adapts);
  void Send(Batch* batch);
  void TakeIncoming();
  void* Move(void* block, std::size_t old_size, std::size_t size);
  bool ResizeLarge(Span* span, std::size_t size);
  bool ResizeMapping(Span* span, std::size_t size);
  Span* SpanOfLarge(const void* block, PageEntry entry, const char* complaint) const;

  FreeBlock* bins_[kClasses] = {};
  std::int32_t fill_[kClasses] = {};  // blocks in the bin less its capacity: it overflows on reaching 0
  PageMap* map_ = nullptr;
  std::uint64_t id_ = 0;
  Heap* heap_ = nullptr;
  ThreadHeap* next_idle_ = nullptr;
  Span* slabs_[kClasses] = {};  // own slabs with room, doubly linked
  Batch batches_[kBatches] = {};
  alignas(64) RemoteList<> incoming_;  // a line of its own: other threads write it
};

}  // namespace breakproof::allocator
