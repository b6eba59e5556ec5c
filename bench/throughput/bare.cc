#include "bench/throughput/bare.h"

#include "allocator/interface/prefixed.h"
#include "harness/execute/payload.h"

namespace breakproof::bench {

using harness::Operation;
using harness::OperationKind;
using model::Entry;

void Program::Run(const harness::Case& c, ProgramObserver* observer) {
  observer_ = observer;
  pointers_.assign(c.slot_names.size(), {});
  for (std::uint32_t index = 0; index < c.operations.size(); ++index) {
    if (c.operations[index].kind == OperationKind::kCall) Call(c.operations[index], index);
  }
  for (Pointer& pointer : pointers_) Free(&pointer);
}

void Program::Call(const Operation& operation, std::uint32_t index) {
  Pointer none;
  Pointer* const argument = operation.argument == harness::kNullSlot ? &none : &pointers_[operation.argument];
  if (model::Frees(operation.entry)) return Free(argument);
  if (operation.entry == Entry::kUsableSize) {
    family_.malloc_usable_size(argument->block);
    return;
  }
  const Pointer old = harness::ReadsSlot(operation.entry) ? *argument : none;
  const std::uint64_t bytes = operation.size * operation.count;
  void* const block = Allocate(operation, old.block);
  if (block == nullptr && bytes != 0) return;
  *argument = {};
  if (observer_ != nullptr && old.block != nullptr) {
    observer_->Freed(reinterpret_cast<std::uintptr_t>(old.block), old.bytes);
  }
  if (block == nullptr) return;
  if (observer_ != nullptr) observer_->Allocated(reinterpret_cast<std::uintptr_t>(block), bytes);
  Write(block, bytes, index);
  // What the slot held before is forgotten, as in lock step.
  if (operation.result != harness::kNullSlot) pointers_[operation.result] = {block, bytes};
}

void* Program::Allocate(const Operation& operation, void* old) {
  switch (operation.entry) {
    case Entry::kMalloc: return family_.malloc(operation.size);
    case Entry::kCalloc: return family_.calloc(operation.count, operation.size);
    case Entry::kRealloc: return family_.realloc(old, operation.size);
    case Entry::kReallocarray: return family_.reallocarray(old, operation.count, operation.size);
    case Entry::kMemalign: return family_.memalign(operation.alignment, operation.size);
    case Entry::kAlignedAlloc: return family_.aligned_alloc(operation.alignment, operation.size);
    case Entry::kPosixMemalign: {
      void* block = nullptr;
      return family_.posix_memalign(&block, operation.alignment, operation.size) == 0 ? block : nullptr;
    }
    case Entry::kValloc: return family_.valloc(operation.size);
    default: return family_.pvalloc(operation.size);
  }
}

void Program::Write(void* block, std::uint64_t bytes, std::uint32_t index) {
  harness::Fill(block, harness::SeedOf(index), 0, bytes);
  if (observer_ == nullptr) return;
  harness::ForEachCovered(0, bytes, [&](std::uint64_t from, std::uint64_t to) {
    observer_->Wrote(reinterpret_cast<std::uintptr_t>(block) + from, to - from);
    return true;
  });
}

void Program::Free(Pointer* pointer) {
  if (observer_ != nullptr && pointer->block != nullptr) {
    observer_->Freed(reinterpret_cast<std::uintptr_t>(pointer->block), pointer->bytes);
  }
  family_.free(pointer->block);
  *pointer = {};
}

harness::MallocFamily BreakproofFamily() {
  return {.malloc = breakproof_malloc,
          .calloc = breakproof_calloc,
          .realloc = breakproof_realloc,
          .reallocarray = breakproof_reallocarray,
          .free = breakproof_free,
          .memalign = breakproof_memalign,
          .aligned_alloc = breakproof_aligned_alloc,
          .posix_memalign = breakproof_posix_memalign,
          .valloc = breakproof_valloc,
          .pvalloc = breakproof_pvalloc,
          .malloc_usable_size = breakproof_malloc_usable_size,
          .mallopt = breakproof_mallopt,
          .sbrk = nullptr};
}

}  // namespace breakproof::bench
