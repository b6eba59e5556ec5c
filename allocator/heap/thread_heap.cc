#include "allocator/heap/thread_heap.h"

#include <string.h>

#include "allocator/arithmetic/slab.h"
#include "allocator/base/require.h"

namespace breakproof::allocator {
namespace {

using arithmetic::ClassInfo;
using arithmetic::kClassInfo;
using arithmetic::kMaxClassSize;

void SetAllFree(Span* slab, std::uint64_t blocks) {
  for (std::uint64_t word = 0; word < Span::kWords; ++word) {
    const std::uint64_t first = word * Span::kBlocksAWord;
    const std::uint64_t here = blocks <= first ? 0 : blocks - first;
    slab->free_blocks[word] = here >= Span::kBlocksAWord ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
  }
}

}  // namespace

void ThreadHeap::Init(Heap* heap, std::uint64_t id) {
  heap_ = heap;
  map_ = &heap->pages().map();
  id_ = id;
  secret_ = heap->secret();
  leaf_root_ = kNoLeaf;
  memcpy(tops_, kBins.bottom, sizeof tops_);
  memcpy(limits_, kBins.limit, sizeof limits_);
  class_of_ = arithmetic::kGranuleTable;
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
  return __builtin_expect(block != nullptr, 1) ? block : AllocateRefilled(size_class);
}

// Not inlined: its registers would be saved for every block at hand.
__attribute__((noinline)) void* ThreadHeap::AllocateRefilled(std::uint64_t size_class) {
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
  const bool begins = Begins(size_class);
  const std::uint32_t most = begins ? FirstCount(size_class) : RefillCount(size_class);
  Span* slab = slabs_[size_class];
  // What survivors hold is looked at once: first of all, or when the heap would have to grow.
  if (slab == nullptr && begins && RefillFromMixed(size_class, most)) return true;
  if (slab == nullptr) slab = NewSlab(size_class, PageHeap::Supply::kFreeOnly);
  if (slab == nullptr && !begins && RefillFromMixed(size_class, most)) return true;
  if (slab == nullptr) slab = NewSlab(size_class, PageHeap::Supply::kAny);
  if (slab == nullptr) return false;
  RefillFromSlab(size_class, slab, most);
  return true;
}

// Counts a refill. Whether the thread has hardly used the class so far: then it takes a few blocks, out of pages that it
// has already if they have room.
bool ThreadHeap::Begins(std::uint64_t size_class) {
  if (id_ == kFirstThread || uses_[size_class] >= kUsesToOwnSlab) return false;
  if (kClassInfo.of[size_class].size > kMostFirstBytes) return false;
  uses_[size_class] = static_cast<std::uint8_t>(uses_[size_class] + kUsesOfRefill);
  return true;
}

// A slab with a long enough run may still have none at the class's alignment, and one with a shorter run of the same
// step may have room: a few are tried of each list. One whose longest run has become shorter goes where it belongs.
bool ThreadHeap::RefillFromMixed(std::uint64_t size_class, std::uint32_t most) {
  if (kClassInfo.of[size_class].size > mixed::kMostBytes) return false;
  constexpr int kTries = 4;
  const std::uint64_t units = kClassInfo.of[size_class].size / mixed::kUnit;
  for (std::uint64_t run = UnitSet::RunStep(units); run < UnitSet::kRunSteps; ++run) {
    int tries = 0;
    for (Span *slab = mixed_[run], *next; slab != nullptr && tries < kTries; slab = next) {
      next = slab->next;
      if (TakeFromMixed(size_class, slab, most)) return true;
      tries += !ListLower(slab);
    }
  }
  for (int tries = 0; tries < kTries; ++tries) {
    Span* const slab = MixSparse();
    if (slab == nullptr) return false;
    if (TakeFromMixed(size_class, slab, most)) return true;
  }
  return false;
}

// Fills the empty bin with what the slab has room for, at most `most`. False if there is none.
__attribute__((noinline)) bool ThreadHeap::TakeFromMixed(std::uint64_t size_class, Span* slab, std::uint32_t most) {
  const std::uint16_t bottom = kBins.bottom[size_class];
  const std::uint32_t taken = mixed::Take(slab, size_class, &slots()[bottom + 1], most);
  if (taken == 0) return false;
  SetTop(size_class, bottom + taken);
  if (mixed::FreeUnits(*slab).IsEmpty()) UnlistSlab(slab);
  return true;
}

// Looks for the longest run, which costs too much for every time that one is taken. False if the slab has the right place.
__attribute__((noinline)) bool ThreadHeap::ListLower(Span* slab) {
  const std::uint64_t step = mixed::FreeUnits(*slab).LongestRunStep();
  if (step == slab->run_step) return false;
  UnlistSlab(slab);
  ListMixed(slab, step);
  return true;
}

// A slab of which little is in use; nullptr if none is found in a few looks at each class.
__attribute__((noinline)) Span* ThreadHeap::FindSparse() {
  constexpr int kLooks = 8;
  for (std::uint64_t i = 0; i < kClasses; ++i) {
    const std::uint64_t size_class = (next_to_mix_ + i) % kClasses;
    int looks = 0;
    for (Span* slab = slabs_[size_class]; slab != nullptr && looks < kLooks; slab = slab->next, ++looks) {
      if (!mixed::IsSparse(*slab)) continue;
      next_to_mix_ = static_cast<std::uint8_t>(size_class);
      return slab;
    }
  }
  return nullptr;
}

// Makes a mixed slab of one of which little is in use; nullptr if there is none, or no memory for its lengths.
Span* ThreadHeap::MixSparse() {
  Span* const slab = FindSparse();
  if (slab == nullptr) return nullptr;
  PageHeap& pages = heap_->pages();
  pages.lock().Acquire();
  std::uint8_t* const lengths = pages.metadata().NewLengths(pages.kernel());
  pages.lock().Release();
  if (lengths == nullptr) return nullptr;
  UnlistSlab(slab);
  mixed::Mix(slab, lengths);
  ListMixed(slab, mixed::FreeUnits(*slab).LongestRunStep());
  return slab;
}

// The bin is empty. Blocks leave the slab in the order of their addresses, and the bin hands out the lowest first: a
// fresh slab becomes resident page by page.
void ThreadHeap::RefillFromSlab(std::uint64_t size_class, Span* slab, std::uint32_t most) {
  const ClassInfo& info = kClassInfo.of[size_class];
  const std::uint32_t left = slab->blocks - slab->used;
  const std::uint32_t taken = left < most ? left : most;
  const std::uint64_t bottom = kBins.bottom[size_class];
  std::uint64_t slot = bottom + taken;
  for (std::uint64_t word = 0; slot != bottom; ++word) {
    std::uint64_t bits = slab->free_blocks[word];
    const std::uint64_t first = word * Span::kBlocksAWord;
    for (; bits != 0 && slot != bottom; bits &= bits - 1) {
      const std::uint64_t index = first + static_cast<std::uint64_t>(__builtin_ctzll(bits));
      PutInSlot(slot--, reinterpret_cast<void*>(slab->start + arithmetic::BlockOffset<std::uint64_t>(index, info.size)));
    }
    slab->SetFreeBlocks(word, bits);
  }
  SetTop(size_class, bottom + taken);
  slab->used = static_cast<std::uint16_t>(slab->used + taken);
  if (taken == left) UnlistSlab(slab);  // until a block comes back
}

Span* ThreadHeap::NewSlab(std::uint64_t size_class, PageHeap::Supply supply) {
  PageHeap& pages = heap_->pages();
  const ClassInfo& info = kClassInfo.of[size_class];
  heap_->MakeRoom(info.pages);
  const LockGuard guard(pages.lock());
  Span* const slab = pages.Allocate(info.pages, supply);
  if (slab == nullptr) return nullptr;
  slab->use = SpanUse::kSlab;
  slab->size_class = static_cast<std::uint8_t>(size_class);
  slab->owner = this;
  slab->owner_id = static_cast<std::uint16_t>(id_);
  slab->may_be_too_long = false;
  slab->reciprocal = info.reciprocal;
  slab->blocks = info.blocks;
  slab->used = 0;
  slab->lengths = nullptr;
  SetAllFree(slab, info.blocks);
  slab->is_listed = false;
  pages.map().SetSlab(*slab);
  ListSlab(slab);
  return slab;
}

// No run of the slab's free units may be of a longer step.
void ThreadHeap::ListMixed(Span* slab, std::uint64_t run_step) {
  slab->run_step = static_cast<std::uint8_t>(run_step);
  ListSlab(slab);
}

void ThreadHeap::ListSlab(Span* slab) {
  Span*& head = ListOf(*slab);
  slab->previous = nullptr;
  slab->next = head;
  if (head != nullptr) head->previous = slab;
  head = slab;
  slab->is_listed = true;
}

__attribute__((noinline)) void ThreadHeap::UnlistSlab(Span* slab) {
  (slab->previous != nullptr ? slab->previous->next : ListOf(*slab)) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
  slab->next = slab->previous = nullptr;
  slab->is_listed = false;
}

// True if the slab went to the page heap.
bool ThreadHeap::ReturnToSlab(void* block, Span* slab) {
  return __builtin_expect(slab->lengths != nullptr, 0) ? ReturnToMixed(block, slab) : ReturnToOrdinary(block, slab);
}

// The usual case touches no stack.
__attribute__((always_inline)) inline bool ThreadHeap::ReturnToOrdinary(void* block, Span* slab) {
  const std::uint64_t index = arithmetic::BlockIndex<std::uint64_t>(
      reinterpret_cast<std::uintptr_t>(block) - slab->start, slab->reciprocal);
  if (__builtin_expect(index >= slab->blocks, 0)) Die(kFreeOfNoBlock);  // the tail
  const std::uint64_t word = index / Span::kBlocksAWord;
  const std::uint64_t bit = std::uint64_t{1} << index % Span::kBlocksAWord;
  if (__builtin_expect((slab->free_blocks[word] & bit) != 0, 0)) Die(kFreeOfFree);
  slab->SetFreeBlocks(word, slab->free_blocks[word] | bit);
  const std::uint16_t used = --slab->used;
  return __builtin_expect(used == 0 || !slab->is_listed, 0) ? AfterReturn(slab) : false;
}

// The slab was full, or is empty now.
__attribute__((noinline)) bool ThreadHeap::AfterReturn(Span* slab) {
  if (!slab->is_listed) ListSlab(slab);
  if (slab->used != 0) return false;
  ReleaseSlab(slab);
  return true;
}

bool ThreadHeap::ReturnToMixed(void* block, Span* slab) {
  const std::uint64_t unit = mixed::UnitOf(*slab, reinterpret_cast<std::uintptr_t>(block));
  if (slab->lengths[unit] == 0) Die(mixed::FreeUnits(*slab).Has(unit) ? kFreeOfFree : kFreeOfNoBlock);
  const std::uint64_t step = UnitSet::RunStep(mixed::Give(slab, unit));
  if (!slab->is_listed) {
    ListMixed(slab, step);
  } else if (step > slab->run_step) {
    UnlistSlab(slab);
    ListMixed(slab, step);
  }
  if (slab->used != 0) return false;
  ReleaseSlab(slab);
  return true;
}

void ThreadHeap::ReleaseSlab(Span* slab) {
  UnlistSlab(slab);
  PageHeap& pages = heap_->pages();
  const LockGuard guard(pages.lock());
  if (slab->lengths != nullptr) pages.metadata().DeleteLengths(slab->lengths);
  pages.map().SetAll(*slab, nullptr);
  pages.Free(slab);
}

// Leaves at most so many blocks in the bin.
void ThreadHeap::ShrinkBin(std::uint64_t size_class, std::uint32_t kept) {
  std::uintptr_t start = 0, bytes = 0;  // of `slab`: neighbours in a bin are often neighbours in memory
  Span* slab = nullptr;
  for (const std::uint32_t last = kBins.bottom[size_class] + kept; tops_[size_class] > last; LowerTop(size_class)) {
    void* const block = slots()[tops_[size_class]];
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    if (address - start >= bytes) {
      slab = SpanOf(block);
      start = slab->start;
      bytes = slab->bytes();
    }
    // A slab that has everything back is gone.
    if (ReturnToSlab(block, slab)) bytes = 0;
  }
}

// An own block, found free of misuse. A full bin keeps what it has: its slab takes this one.
void ThreadHeap::FreeToBin(void* block, Span* slab) {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::uint64_t size_class =
      slab->IsMixed() ? arithmetic::FastSizeToClass(BlockBytes(*slab, address)) : slab->size_class;
  static_cast<FreeBlock*>(block)->mark = MarkOf(block, secret_);
  if (tops_[size_class] == limits_[size_class]) {
    ReturnToSlab(block, slab);
  } else {
    PutInSlot(tops_[size_class] + std::uint64_t{1}, block);
    RaiseTop(size_class);
  }
}

// For callers to which a copy of the fast path is not worth its size.
void ThreadHeap::Free(void* block) { FreeTo(block, this); }

// ---- What the fast path leaves: other owners, large blocks, full bins, misuse

void ThreadHeap::FreeSlowly(void* block, ThreadHeap* thread) {
  if (block == nullptr) return;
  if (thread->map_ == nullptr) Die(kFreeOfNoBlock);  // the process has not begun
  thread->LearnLeaf(reinterpret_cast<std::uintptr_t>(block));
  Span* const span = thread->SpanOf(block);
  const bool is_in_slab = span->use == SpanUse::kSlab;
  if (is_in_slab && span->owner_id == thread->id_ && span->lengths != nullptr) return thread->FreeMixed(block, span);
  if (is_in_slab) {
    thread->CheckBlock(block, *span, kFreeOfNoBlock, kFreeOfFree);
  } else {
    CheckLarge(block, span, kFreeOfNoBlock);
  }
  if (thread->id_ == kNoThread) thread = thread->AnnounceFree(block);
  if (!is_in_slab) {
    thread->FreeLarge(span, true);
  } else if (span->owner_id == thread->id_) {
    thread->FreeToBin(block, span);
  } else {
    thread->FreeRemotely(static_cast<FreeBlock*>(block), *span);
  }
}

// What survivors share their pages with may well be what comes and goes most: a way of its own.
void ThreadHeap::FreeMixed(void* block, Span* slab) {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::uint64_t mark = MarkOf(block, secret_);
  const std::uint64_t units = slab->lengths[mixed::UnitOf(*slab, address)];
  const bool is_block = address % mixed::kUnit == 0 && units != 0 && static_cast<FreeBlock*>(block)->mark != mark;
  if (kMisuseChecks && __builtin_expect(!is_block, 0)) CheckInBooks(block, *slab, kFreeOfNoBlock, kFreeOfFree);
  const std::uint64_t size_class = arithmetic::FastSizeToClass(units * mixed::kUnit);
  static_cast<FreeBlock*>(block)->mark = mark;
  if (tops_[size_class] == limits_[size_class] || IsMovingOut(size_class)) {
    ReturnToMixed(block, slab);
  } else {
    PutInSlot(tops_[size_class] + std::uint64_t{1}, block);
    RaiseTop(size_class);
  }
}

// Counts a free. Between a class's first blocks and the time when it counts as settled, its blocks go back to the pages
// that it shares: those at hand would otherwise stay the ones that come and go, each time slowly.
bool ThreadHeap::IsMovingOut(std::uint64_t size_class) {
  if (id_ == kFirstThread || uses_[size_class] == kUsesToSettle) return false;
  return ++uses_[size_class] > kUsesToOwnSlab;
}

// From now on the fast path knows what is in the gibibyte of this address.
void ThreadHeap::LearnLeaf(std::uintptr_t address) {
  const std::uint64_t root = arithmetic::RootIndex<std::uint64_t>(address);
  if (root == leaf_root_ || id_ == kNoThread) return;
  const PageMapLeaf* const leaf = map_->LeafOf(address);
  if (leaf == nullptr) return;
  leaf_ = leaf;
  leaf_root_ = root;
}

// An own block, found free of misuse, whose bin is full.
void ThreadHeap::FreeToSlab(void* block, ThreadHeap* thread, Span* slab) {
  static_cast<FreeBlock*>(block)->mark = MarkOf(block, thread->secret_);
  thread->ReturnToOrdinary(block, slab);  // a mixed slab has no owner to be found by
}

ThreadHeap* ThreadHeap::AnnounceFree(void* block) {
  const Heap::BeforeFree before_free = heap_->before_free();
  ThreadHeap* const own = before_free != nullptr ? before_free(block, UsableSize(block)) : nullptr;
  return own != nullptr ? own : this;
}

void ThreadHeap::FreeRemotely(FreeBlock* block, const Span& slab) {
  block->mark = MarkOf(block, heap_->secret());
  // A thread that has not allocated keeps no batches.
  if (__builtin_expect(id_ == kNoThread, 0)) return heap_->Thread(slab.owner_id)->incoming_.Push(block, block);
  const std::uint64_t index = slab.owner_id % kBatches;
  Batch& batch = batches_[index];
  if (__builtin_expect(batch.owner_id != slab.owner_id, 0)) return FreeToNewBatch(block, slab);
  const std::uint32_t count = batch.count + 1u;
  void** const slot = &batch_slots(index)[count];
  block->next = static_cast<FreeBlock*>(slot[-1]);
  __atomic_store_n(slot, block, __ATOMIC_RELAXED);
  __atomic_store_n(&batch.count, static_cast<std::uint16_t>(count), __ATOMIC_RELEASE);  // after the block that it covers
  batch.bytes += static_cast<std::uint32_t>(BlockBytes(slab, reinterpret_cast<std::uintptr_t>(block)));
  if (batch.bytes >= kBatchBytes || count == kBatchBlocks) Send(index);
}

// The block's owner is another one than that of the batch. Not inlined: the usual case then touches no stack.
__attribute__((noinline)) void ThreadHeap::FreeToNewBatch(FreeBlock* block, const Span& slab) {
  const std::uint64_t index = slab.owner_id % kBatches;
  if (batches_[index].count != 0) Send(index);
  batches_[index].owner_id = slab.owner_id;
  FreeRemotely(block, slab);
}

// The batch is not empty. Its blocks leave the books before they can be at home, where they may be allocated anew.
__attribute__((noinline)) void ThreadHeap::Send(std::uint64_t index) {
  Batch& batch = batches_[index];
  void** const slots = batch_slots(index);
  auto* const first = static_cast<FreeBlock*>(slots[batch.count]);
  auto* const last = static_cast<FreeBlock*>(slots[1]);
  batch.bytes = 0;
  __atomic_store_n(&batch.count, std::uint16_t{0}, __ATOMIC_RELAXED);  // which the push releases
  heap_->Thread(batch.owner_id)->incoming_.Push(first, last);  // a thread heap lasts as long as its heap
}

// The list of blocks on their way home runs through the blocks, so each must still carry its mark: a link that somebody
// has written over leads to none.
void ThreadHeap::CheckOnTheWay(const FreeBlock* block, const Span& slab) const {
  const bool is_ours = slab.use == SpanUse::kSlab && slab.owner_id == id_;
  if (!is_ours || block->mark != MarkOf(block, secret_)) Die(kWrittenAfterFree);
}

// What others freed for us goes to the slabs.
__attribute__((noinline)) void ThreadHeap::TakeIncoming() {
  for (FreeBlock* block = incoming_.TakeAll(); block != nullptr;) {
    Span* const slab = SpanOf(block);
    CheckOnTheWay(block, *slab);
    FreeBlock* const next = block->next;
    __builtin_prefetch(next);
    ReturnToSlab(block, slab);
    block = next;
  }
}

// Their owners wait for them.
void ThreadHeap::SendBatches() {
#pragma clang loop unroll(disable)  // for size: seldom run
  for (std::uint64_t index = 0; index < kBatches; ++index) {
    if (batches_[index].count != 0) Send(index);
  }
}

void ThreadHeap::Flush(Keep keep) {
  SendBatches();
  TakeIncoming();
  for (std::uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    ShrinkBin(size_class, keep == Keep::kALittle ? RestingCount(size_class) : 0);
  }
}

}  // namespace breakproof::allocator
