#include "allocator/interface/perturb.h"

#include <string.h>

#include "allocator/interface/entry_points.h"
#include "allocator/interface/process.h"

namespace breakproof::allocator {

constinit std::atomic<uint8_t> perturb_byte;

namespace {

bool IsMapping(const void* block) {
  return process_heap->pages().map().Find(reinterpret_cast<uintptr_t>(block))->use == SpanUse::kMapping;
}

// Every free of a thread without a thread heap of its own comes here. A mapping is gone at once.
ThreadHeap* BeforeFree(void* block, size_t usable) {
  if (!IsMapping(block)) memset(block, perturb_byte.load(std::memory_order_relaxed), usable);
  return OwnHeap();
}

}  // namespace

void SetPerturb(Heap& heap, uint8_t byte) {
  perturb_byte.store(byte, std::memory_order_relaxed);
  heap.SetBeforeFree(byte != 0 ? BeforeFree : nullptr);
}

void FillFresh(void* block, size_t offset, size_t size) {
  if (block == nullptr || offset >= size) return;
  const auto byte = static_cast<uint8_t>(~perturb_byte.load(std::memory_order_relaxed));
  memset(static_cast<char*>(block) + offset, byte, size - offset);
}

void* PerturbedRealloc(ThreadHeap& thread, void* block, size_t size) {
  if (block == nullptr) return Perturbed(entry::Malloc(thread, size), size);
  if (size == 0) {
    placeholder.thread.Free(block);
    return nullptr;
  }
  const size_t usable = thread.UsableSize(block);
  // A mapping grows by mremap. What is kept where it is elsewhere is kept here too.
  if (IsMapping(block)) return Perturbed(entry::Realloc(thread, block, size), size, usable);
  if (size <= usable && size > usable / 2) return block;
  void* const moved = Perturbed(entry::Malloc(thread, size), size, usable);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, size < usable ? size : usable);
  placeholder.thread.Free(block);
  return moved;
}

}  // namespace breakproof::allocator
