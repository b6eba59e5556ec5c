// Whether a block is free, as the books say. Asked only where the first word of a block looks like the mark of a free one,
// which is a hint: it may have come there as content, copied from memory that was never written to, or written on purpose.
//
// The thread that asks may be any, while the others allocate and free. A block that is with the program must never be
// called free. Where that thread has it rightly, the call that allocated it, and all that happened to the block before,
// happened before the question. So it is enough that none of the books names a block that left it before:
//
//   batches  The count of a batch becomes 0 before its blocks are pushed to their owner, and so before any of them can be
//            allocated again. A slot is filled before a count that covers it is released.
//   home     A block is in the list from the push to the owner, who takes the whole list, until it is taken. Whoever asks
//            takes the list too, and puts it back.
//   slab     The bit of a block is cleared, or its length set, before it goes to a bin. Both stay while it is not given
//            back; what the bits mean is told by the lengths, which are read after them.
//   bin      A slot is filled before a top that covers it is released. What is above the top does not count.
//
// A block that is free is found, unless its owner or the thread that freed it moves it on in the very moment of the
// question; it is looked for in the order in which it moves. Missed, it is found when it comes to its slab a second time.
#include "allocator/base/require.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {
namespace {

using arithmetic::kClassInfo;

// Whether the slab has the block. The owner may make it a mixed one meanwhile: the old class, and bits that are blocks,
// go with lengths that are not there yet (mixed::Mix).
bool SlabHas(const Span& slab, std::uintptr_t address) {
  const std::uint8_t size_class = __atomic_load_n(&slab.size_class, __ATOMIC_ACQUIRE);
  const std::uint64_t index = arithmetic::BlockIndex<std::uint64_t>(address - slab.start, kClassInfo.of[size_class].reciprocal);
  if (index >= kClassInfo.of[size_class].blocks) return true;  // the tail: nobody's
  const std::uint64_t bits = __atomic_load_n(&slab.free_blocks[index / Span::kBlocksAWord], __ATOMIC_ACQUIRE);
  const std::uint8_t* const lengths = __atomic_load_n(&slab.lengths, __ATOMIC_ACQUIRE);
  if (lengths == nullptr) return (bits >> index % Span::kBlocksAWord & 1) != 0;
  return __atomic_load_n(&lengths[mixed::UnitOf(slab, address)], __ATOMIC_RELAXED) == 0;
}

}  // namespace

// Something is strange with the block: it dies of that, unless the block is one in use that has a mark for its content.
__attribute__((noinline)) void ThreadHeap::CheckInBooks(const void* block, const Span& slab, const char* if_none,
                                                        const char* if_free) const {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  if (!IsBlockOf(slab, address)) Die(if_none);
  if (static_cast<const FreeBlock*>(block)->mark == MarkOf(block, heap_->secret()) && IsFree(block, slab)) Die(if_free);
  if (BlockBytes(slab, address) == 0) Die(if_none);
}

// `slab` is the block's, and it begins where a block of it may.
bool ThreadHeap::IsFree(const void* block, const Span& slab) const {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  const std::uint64_t threads = heap_->thread_count();
  for (std::uint64_t id = 1; id <= threads; ++id) {
    if (heap_->Thread(id)->BatchHas(slab.owner_id, block)) return true;
  }
  ThreadHeap& owner = *heap_->Thread(slab.owner_id);
  if (owner.TakesHome(block) || SlabHas(slab, address)) return true;
  return owner.BinHas(arithmetic::FastSizeToClass(BlockBytes(slab, address)), block);
}

bool ThreadHeap::BatchHas(std::uint64_t owner_id, const void* block) const {
  const std::uint64_t index = owner_id % kBatches;
  void* const* const slots = batch_slots(index);
  for (std::uint32_t slot = __atomic_load_n(&batches_[index].count, __ATOMIC_ACQUIRE); slot > 0; --slot) {
    if (__atomic_load_n(&slots[slot], __ATOMIC_RELAXED) == block) return true;
  }
  return false;
}

bool ThreadHeap::BinHas(std::uint64_t size_class, const void* block) const {
  const std::uint64_t top = __atomic_load_n(&tops_[size_class], __ATOMIC_ACQUIRE);
  for (std::uint64_t slot = top; slot > kBins.bottom[size_class]; --slot) {
    if (__atomic_load_n(&slots()[slot], __ATOMIC_RELAXED) == block) return true;
  }
  return false;
}

// Whether the block is in the list of what others have freed for this thread heap, which finds the list empty for the
// moment. A list that does not end has a block in it twice.
bool ThreadHeap::TakesHome(const void* block) {
  FreeBlock* const first = incoming_.TakeAll();
  if (first == nullptr) return false;
  bool has = false;
  FreeBlock* last = nullptr;
  const FreeBlock* seen = nullptr;  // a while ago (Brent)
  std::uint64_t steps = 0, most = 1;
  for (FreeBlock* next = first; next != nullptr; next = next->next) {
    CheckOnTheWay(next, *SpanOf(next));
    if (next == seen) Die(kFreeOfFree);
    if (++steps == most) {
      seen = next;
      steps = 0;
      most *= 2;
    }
    has = has || next == block;
    last = next;
  }
  incoming_.Push(first, last);
  return has;
}

}  // namespace breakproof::allocator
