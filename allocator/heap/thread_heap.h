// A thread heap: what one thread allocates from and frees to. Its bins and slabs are changed by it alone.
//
//   malloc   takes the newest block of a bin; an empty bin is refilled from the owner's slabs
//   free     puts an own block back into its bin; if that is full, into its slab
//   remote   a block of another owner is collected in a batch and pushed to that owner's list
//   mixed    where slabs are held by a few survivors each, or the thread has used them little, the rest of their pages
//            serves all classes (mixed_slab.h)
//
// Misuse is looked for on every free, fast or slow (misuse.h). Where a block looks free, threads look into each other's
// bins, slabs and batches, without a lock (misuse.cc).
//
// Requests above the largest class, or from the mapping threshold on, are the page heap's (large.cc).
#pragma once

#include <string.h>

#include <cstddef>
#include <cstdint>

#include "allocator/arithmetic/slab.h"
#include "allocator/heap/bin_table.h"
#include "allocator/heap/heap.h"
#include "allocator/heap/misuse.h"
#include "allocator/heap/mixed_slab.h"
#include "allocator/heap/remote_list.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

class alignas(128) ThreadHeap {
 public:
  // In zeroed memory of kBytes.
  void Init(Heap* heap, std::uint64_t id);
  static const std::size_t kBytes;

  // The entry points. Sizes are bytes; nullptr means there is no memory (or no such object can exist).
  void* Allocate(std::size_t size) {
    void* const block = AllocateFast(size);
    return __builtin_expect(block != nullptr, 1) ? block : AllocateSlowly(size);
  }

  // The usual case: a block at hand; nullptr otherwise.
  void* AllocateFast(std::size_t size) {
    if (__builtin_expect(size > arithmetic::kMaxTableSize, 0)) return nullptr;
    return TakeFromBin(class_of_.class_of[(size + (arithmetic::kMinAlignment - 1)) / arithmetic::kMinAlignment]);
  }
  // The same for what the table does not reach.
  void* AllocateMedium(std::size_t size) {
    if (size <= arithmetic::kMaxTableSize || size > arithmetic::kMaxClassSize) return nullptr;
    return TakeBelowThreshold(arithmetic::SizeToClass<std::uint64_t>(size), size);
  }
  // The same for an alignment; any number may be given for one.
  void* AllocateAlignedFast(std::size_t alignment, std::size_t size) {
    if (alignment - 1 >= kPageSize || !arithmetic::IsPowerOfTwo<std::uint64_t>(alignment)) return nullptr;
    if (size > arithmetic::kMaxTableSize) return nullptr;
    const std::uint64_t multiple = arithmetic::AlignUp<std::uint64_t>(size + (size == 0), alignment);
    if (multiple > arithmetic::kMaxTableSize) return nullptr;
    return TakeBelowThreshold(
        class_of_.class_of[(multiple + (arithmetic::kMinAlignment - 1)) / arithmetic::kMinAlignment], size);
  }
  void* AllocateSlowly(std::size_t size);
  void* AllocateZeroed(std::size_t size);
  // `alignment` is a power of two.
  void* AllocateAligned(std::size_t alignment, std::size_t size);
  void* Reallocate(void* block, std::size_t size);

  void Free(void* block);

  // Free, with the block first: the slow paths then find it where the caller has put it, which saves the fast
  // one two moves.
  __attribute__((always_inline)) static void FreeTo(void* block, ThreadHeap* thread) {
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    const std::uint64_t root = arithmetic::RootIndex<std::uint64_t>(address);
    if (__builtin_expect(root != thread->leaf_root_, 0)) return FreeSlowly(block, thread);
    const PageMapLeaf* const leaf = thread->leaf_;
    const std::uint64_t page = arithmetic::LeafIndex<std::uint64_t>(address);
    Span* const slab = leaf->SpanAt(page);
    if (__builtin_expect(slab->OwnerNow() != thread, 0)) return FreeSlowly(block, thread);
    if (kMisuseChecks && __builtin_expect(!IsBlockOf(*slab, address), 0)) return FreeSlowly(block, thread);
    const std::uint64_t mark = MarkOf(block, thread->secret_);
    const bool is_free = kMisuseChecks && static_cast<FreeBlock*>(block)->mark == mark;
    if (__builtin_expect(is_free, 0)) return FreeSlowly(block, thread);
    const std::uint64_t size_class = leaf->ClassAt(page);
    const std::uint32_t top = thread->tops_[size_class];
    if (__builtin_expect(top == thread->limits_[size_class], 0)) return FreeToSlab(block, thread, slab);
    if (kMisuseChecks) static_cast<FreeBlock*>(block)->mark = mark;
    thread->PutInSlot(top + 1, block);
    thread->RaiseTop(size_class);
  }

  // Dies if a block of `size` bytes cannot be what was asked for when this one was handed out (U3).
  void CheckSize(const void* block, std::size_t size) const;

  // Bytes that the caller may use; 0 for nullptr.
  std::size_t UsableSize(const void* block) const;

  // What is at hand goes back to slabs and other owners, empty slabs to the page heap: everything, or all but a little
  // that stays for the next thread (RestingCount).
  enum class Keep { kNothing, kALittle };
  void Flush(Keep keep = Keep::kNothing);
  // The next thread has used nothing yet.
  void ForgetUses() { memset(uses_, 0, sizeof uses_); }

  std::uint64_t id() const { return id_; }
  Heap* heap() const { return heap_; }

  // For walkers (heap/check.h).
  std::uint32_t bin_count(std::uint64_t size_class) const { return tops_[size_class] - kBins.bottom[size_class]; }
  // `index` below the count, the oldest first.
  const void* bin_block(std::uint64_t size_class, std::uint32_t index) const {
    return slots()[kBins.bottom[size_class] + 1 + index];
  }
  const RemoteList<>& incoming() const { return incoming_; }
  static constexpr std::uint64_t kBatches = 8;        // direct-mapped by owner
  static constexpr std::uint32_t kBatchBlocks = 63;   // full
  std::uint32_t batch_count(std::uint64_t index) const { return batches_[index].count; }
  // `index` below the count, the oldest first.
  const void* batch_block(std::uint64_t batch, std::uint32_t index) const { return batch_slots(batch)[index + 1]; }
  Span* slabs(std::uint64_t size_class) const { return slabs_[size_class]; }
  Span* mixed_slabs(std::uint64_t run_step) const { return mixed_[run_step]; }

 private:
  friend class Heap;
  friend struct PlaceholderThreadHeap;

  constexpr ThreadHeap() : id_(kNoThread) {}

  // Blocks of one other owner, collected until there are enough of them. Each leads to the one before, as the owner's
  // list will need them; which blocks they are is also kept apart, where any thread can look (IsFree).
  struct Batch {
    std::uint16_t count = 0;
    std::uint16_t owner_id = 0;
    std::uint32_t bytes = 0;
  };
  static constexpr std::uint32_t kBatchBytes = 16 * 1024;  // full as well

  // The bins' blocks lie behind the object: a placeholder, which is part of every process, has a single empty slot.
  void** slots() { return reinterpret_cast<void**>(this + 1); }
  void* const* slots() const { return reinterpret_cast<void* const*>(this + 1); }
  // The batches' blocks lie behind those, where a program of one thread never touches them: the first is at 1, and slot 0
  // stays null.
  static constexpr std::uint64_t kBatchSlots = kBatchBlocks + 1;
  void** batch_slots(std::uint64_t batch) { return slots() + kBins.slots + batch * kBatchSlots; }
  void* const* batch_slots(std::uint64_t batch) const { return slots() + kBins.slots + batch * kBatchSlots; }

  // Other threads look into bins and batches (IsFree), and must not find a block there that was taken out before. So a slot
  // is written first, and then the top or the count that covers it is released. A top is released where it falls as well:
  // whoever sees it relies on all the slots below. On x86-64 these are plain stores.
  void PutInSlot(std::uint64_t slot, void* block) { __atomic_store_n(&slots()[slot], block, __ATOMIC_RELAXED); }
  void SetTop(std::uint64_t size_class, std::uint64_t slot) {
    __atomic_store_n(&tops_[size_class], static_cast<std::uint16_t>(slot), __ATOMIC_RELEASE);
  }
  // Loads and stores in one expression each: the compiler makes one instruction of them.
  void RaiseTop(std::uint64_t size_class) {
    SetTop(size_class, __atomic_load_n(&tops_[size_class], __ATOMIC_RELAXED) + std::uint64_t{1});
  }
  void LowerTop(std::uint64_t size_class) {
    SetTop(size_class, __atomic_load_n(&tops_[size_class], __ATOMIC_RELAXED) - std::uint64_t{1});
  }

  // The newest block of a bin; nullptr if it is empty.
  void* TakeFromBin(std::uint64_t size_class) {
    void* const block = slots()[tops_[size_class]];
    if (__builtin_expect(block == nullptr, 0)) return nullptr;
    LowerTop(size_class);
    if (kMisuseChecks) static_cast<FreeBlock*>(block)->mark = 0;
    return block;
  }

  // The same for a request of `size`, which may be to have a mapping. A placeholder, which has nothing at hand, has no
  // heap to ask.
  void* TakeBelowThreshold(std::uint64_t size_class, std::size_t size) {
    if (__builtin_expect(slots()[tops_[size_class]] == nullptr, 0)) return nullptr;
    return heap_->pages().WantsMapping(size) ? nullptr : TakeFromBin(size_class);
  }

  void* AllocateLarge(std::size_t size, std::size_t alignment, bool* is_zero);
  void* AllocateSmall(std::uint64_t size_class);
  void* AllocateRefilled(std::uint64_t size_class);
  void* TakeAtHand(std::size_t size, std::size_t alignment);
  bool Refill(std::uint64_t size_class);
  void RefillFromSlab(std::uint64_t size_class, Span* slab, std::uint32_t most);
  bool Begins(std::uint64_t size_class);
  bool RefillFromMixed(std::uint64_t size_class, std::uint32_t most);
  bool TakeFromMixed(std::uint64_t size_class, Span* slab, std::uint32_t most);
  Span* FindSparse();
  Span* MixSparse();
  Span* NewSlab(std::uint64_t size_class, PageHeap::Supply supply);
  void FreeToBin(void* block, Span* slab);
  void FreeMixed(void* block, Span* slab);
  bool IsMovingOut(std::uint64_t size_class);
  void ShrinkBin(std::uint64_t size_class, std::uint32_t kept);
  bool ReturnToSlab(void* block, Span* slab);
  bool ReturnToOrdinary(void* block, Span* slab);
  bool AfterReturn(Span* slab);
  bool ReturnToMixed(void* block, Span* slab);
  void ReleaseSlab(Span* slab);
  void ListSlab(Span* slab);
  void ListMixed(Span* slab, std::uint64_t run_step);
  bool ListLower(Span* slab);
  void UnlistSlab(Span* slab);
  Span*& ListOf(const Span& slab) { return slab.IsMixed() ? mixed_[slab.run_step] : slabs_[slab.size_class]; }
  static void FreeSlowly(void* block, ThreadHeap* thread);
  static void FreeToSlab(void* block, ThreadHeap* thread, Span* slab);
  ThreadHeap* AnnounceFree(void* block);
  void LearnLeaf(std::uintptr_t address);
  void FreeRemotely(FreeBlock* block, const Span& slab);
  void FreeToNewBatch(FreeBlock* block, const Span& slab);
  Span* SpanOf(const void* block) const { return map_->Find(reinterpret_cast<std::uintptr_t>(block)); }
  static bool IsBlockOf(const Span& slab, std::uintptr_t address) {
    return arithmetic::IsBlockStart<std::uint64_t>(address - slab.start,
                                                   __atomic_load_n(&slab.reciprocal, __ATOMIC_RELAXED));
  }
  // Dies unless the address in a slab is that of a block in use.
  void CheckBlock(const void* block, const Span& slab, const char* if_none, const char* if_free) const {
    if (!kMisuseChecks) return;
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    const bool is_block = IsBlockOf(slab, address) && static_cast<const FreeBlock*>(block)->mark != MarkOf(block, heap_->secret()) &&
                          BlockBytes(slab, address) != 0;
    if (__builtin_expect(!is_block, 0)) CheckInBooks(block, slab, if_none, if_free);
  }
  void CheckInBooks(const void* block, const Span& slab, const char* if_none, const char* if_free) const;
  bool IsFree(const void* block, const Span& slab) const;
  bool BatchHas(std::uint64_t owner_id, const void* block) const;
  bool BinHas(std::uint64_t size_class, const void* block) const;
  bool TakesHome(const void* block);
  void CheckOnTheWay(const FreeBlock* block, const Span& slab) const;
  static void CheckLarge(const void* block, const Span* span, const char* if_none);
  // `adapts`: the threshold may rise.
  void FreeLarge(Span* span, bool adapts);
  void Send(std::uint64_t index);
  void SendBatches();
  void TakeIncoming();
  void* Move(void* block, std::size_t old_size, std::size_t size);
  bool ResizeLarge(Span* span, std::size_t size);
  bool ResizeMapping(Span* span, std::size_t size);

  static constexpr std::uint64_t kNoLeaf = ~std::uint64_t{0};  // the root index of no address
  std::uint64_t leaf_root_ = kNoLeaf;     // of the leaf that was used last; never learnt by a placeholder
  const PageMapLeaf* leaf_ = nullptr;
  std::uint64_t secret_ = 0;  // the heap's: marks what is free
  PageMap* map_ = nullptr;
  std::uint64_t id_ = 0;
  Heap* heap_ = nullptr;
  std::uint16_t tops_[kClasses] = {};    // of each bin: the slot of its newest block
  std::uint16_t limits_[kClasses] = {};  // kBins.limit: here, the fast path needs no other address
  arithmetic::GranuleTable class_of_ = {};  // kGranuleTable: the same
  ThreadHeap* next_idle_ = nullptr;
  Span* slabs_[kClasses] = {};  // own slabs with room, doubly linked
  Span* mixed_[UnitSet::kRunSteps] = {};  // own mixed slabs with room, by Span::run_step, doubly linked
  // How much the thread has used each class, until that is enough: a page for each class, times the number of threads,
  // would be more than most threads ever need. A class begins in mixed slabs, and has slabs of its own once it is used
  // more. Not so in the first thread, which is often the only one, and has most of what its program has.
  static constexpr std::uint64_t kFirstThread = 1;  // its id
  static constexpr std::uint8_t kUsesOfRefill = 16;
  static constexpr std::uint8_t kUsesToOwnSlab = 64;
  static constexpr std::uint8_t kUsesToSettle = 128;
  static_assert(kUsesToOwnSlab - 1 + kUsesOfRefill <= kUsesToSettle, "frees count on from the last refill that counts");
  std::uint8_t uses_[kClasses] = {};
  std::uint8_t next_to_mix_ = 0;  // the class whose slabs are looked at next
  Batch batches_[kBatches] = {};
  alignas(64) RemoteList<> incoming_;  // a line of its own: other threads write it
};

inline constexpr std::size_t ThreadHeap::kBytes =
    sizeof(ThreadHeap) + (kBins.slots + kBatches * kBatchSlots) * sizeof(void*);

// What a thread has before its first call: it can free, and everything it cannot leads to a slow path. Usable before
// anything was initialised.
struct PlaceholderThreadHeap {
  // From now on it frees blocks of this heap. Before that there are none, and nothing may be freed but the null pointer.
  void Serve(Heap* heap) {
    thread.heap_ = heap;
    __atomic_store_n(&thread.map_, &heap->pages().map(), __ATOMIC_RELEASE);
  }

  ThreadHeap thread;
  void* empty = nullptr;  // the slot that all its bins end at
};
static_assert(offsetof(PlaceholderThreadHeap, empty) == sizeof(ThreadHeap), "where slots() begins");

}  // namespace breakproof::allocator
