// The production heap as an object under test: its memory, its kernel, its logical threads.
#pragma once

#include <array>
#include <functional>

#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"
#include "harness/execute/malloc_family.h"
#include "harness/kernel/simulated/simulated_kernel.h"
#include "harness/operation/operation.h"
#include "model/policy/kernel_call.h"

namespace breakproof::harness {

// A kernel call of the allocator, before it is performed and with its answer.
class KernelObserver {
 public:
  virtual ~KernelObserver() = default;
  virtual void Before(const model::KernelCall& call) = 0;
  virtual void After(const model::KernelCall& call, bool is_granted, std::uint64_t result) = 0;
  // Memory for the allocator's own books was refused: what it does instead no policy predicts.
  virtual void MetadataRefused() = 0;
};

class ProductionHeap {
 public:
  ProductionHeap(SimulatedKernel* kernel, KernelObserver* observer);
  ~ProductionHeap();
  ProductionHeap(const ProductionHeap&) = delete;
  ProductionHeap& operator=(const ProductionHeap&) = delete;

  // A heap that has never been used. The simulated kernel must have been reset.
  void Reset();

  // The entry points on the current logical thread. Functions without context: there is one such heap at a time.
  static const MallocFamily& family();

  void SwitchTo(int thread);
  void ExitThread(int thread);

  allocator::Heap& heap() { return *heap_; }
  allocator::ThreadHeap& current() { return *current_; }

 private:
  friend struct EntryFunctions;
  friend struct KernelFunctions;

  SimulatedKernel* kernel_;
  KernelTable table_;
  KernelObserver* observer_;
  allocator::Heap* heap_ = nullptr;          // in a mapping of its own: it must begin as zeroes
  std::unique_ptr<allocator::PlaceholderThreadHeap> placeholder_;
  std::array<allocator::ThreadHeap*, kMaxThreads> threads_{};
  allocator::ThreadHeap* current_ = nullptr;
  std::uint64_t milliseconds_ = 0;           // the injected clock: advances by one a question
};

}  // namespace breakproof::harness
