// The production heap as an object under test: its memory, its kernel, its logical threads, and what its own books
// say. Names nothing of the allocator, so that a patched one can stand behind it (tests/production/mutants).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "harness/execute/malloc_family.h"
#include "harness/kernel/simulated/resident_pages.h"
#include "harness/kernel/simulated/simulated_kernel.h"
#include "harness/case/operation/operation.h"
#include "model/heap/heap.h"
#include "model/policy/kernel_call.h"

namespace breakproof::allocator {
class Heap;
class ThreadHeap;
struct PlaceholderThreadHeap;
}  // namespace breakproof::allocator

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

// Of the allocator's statistics (allocator/heap/statistics.h), what it keeps count of all the time. Lengths are bytes.
struct HeldFigures {
  std::uint64_t break_bytes = 0, segment_bytes = 0;
  std::uint64_t most_heap_bytes = 0;                  // of both together
  std::uint64_t mappings = 0, most_mappings = 0;      // of their own
  std::uint64_t mapping_bytes = 0, most_mapping_bytes = 0;
};

// And what it counts by a walk, in bytes.
struct CountedFigures {
  std::uint64_t used = 0, free = 0;
  std::uint64_t top = 0;         // free directly below the break
  std::uint64_t tails = 0;       // behind the last blocks of slabs
  std::uint64_t on_the_way = 0;  // freed by other threads than their owners, not home yet (not of the statistics)
};

class ProductionHeap {
 public:
  ProductionHeap(SimulatedKernel* kernel, KernelObserver* observer);
  ~ProductionHeap();
  ProductionHeap(const ProductionHeap&) = delete;
  ProductionHeap& operator=(const ProductionHeap&) = delete;

  // A heap that has never been used. The simulated kernel must have been reset.
  void Reset();

  // The entry points on the current logical thread. Functions without context: they serve the heap that was reset last.
  static const MallocFamily& family();

  void SwitchTo(int thread);
  void ExitThread(int thread);
  // What one thread's end sent to another's list is seen to one idle heap at a time: until nothing is left.
  void DrainIdle();

  // For who draws it (harness/explain).
  allocator::Heap& heap() { return *heap_; }

  // ---- The allocator's books. Nothing else may use the heap meanwhile.

  // The first broken invariant (allocator/heap/check.h), nullptr if all hold.
  const char* BrokenInvariant();
  // Every free block of every slab, with its size; only while every invariant holds.
  void VisitFreeBlocks(void (*visit)(void* context, std::uintptr_t address, std::uint64_t size), void* context);
  // Blocks that the allocator believes to be with the caller, in ascending order.
  const std::vector<model::BookEntry>& LiveBlocks();
  // Blocks that the last LiveBlocks looked at, free ones among them: what it cost.
  std::uint64_t blocks_looked_at() const { return looked_at_; }
  bool HasUsedSpans() const;
  // Bytes free directly below `program_break`.
  std::uint64_t TopFree(std::uint64_t program_break) const;
  // Free runs of whole pages, start to length in bytes.
  std::map<std::uint64_t, std::uint64_t> FreeRuns() const;
  // Whether the page of an address leads to anything.
  bool Knows(std::uint64_t address) const;
  // Milliseconds for which the oldest of the free spans that are not given back has been free; 0 if there is none.
  std::uint64_t OldestFree() const;
  void AdvanceClock(std::uint64_t milliseconds) { milliseconds_ += milliseconds; }
  // heap_shape.h
  std::uint64_t SpanState(std::uint64_t size) const;
  std::uint64_t Shape() const;
  HeldFigures Held() const;
  CountedFigures Counted() const;
  // Of the thread heap of the current thread; a number that no other has if it could not get one.
  std::uint64_t ThreadNumber() const;
  // Of the thread heap that a block's slab belongs to; 0 for a block with a span of its own.
  std::uint64_t OwnerOf(std::uint64_t block) const;
  // Bytes of break, segments and mappings.
  std::uint64_t HeldBytes() const;
  // Whether a free block or a free run of pages is there for a request of the current thread.
  bool Serves(std::uint64_t payload, std::uint64_t alignment) const;

 private:
  friend struct EntryFunctions;
  friend struct KernelFunctions;

  // Blocks of one size, one behind the other.
  struct Run {
    std::uint64_t start;
    std::uint64_t size;
    std::uint64_t blocks;
    std::uint64_t first;  // number of its first block
    std::uint64_t end() const { return start + blocks * size; }
  };
  void Add(std::uint64_t address, std::uint64_t usable);
  void MarkFree(std::uint64_t address);

  SimulatedKernel* kernel_;
  KernelTable table_;
  KernelObserver* observer_;
  allocator::Heap* heap_ = nullptr;          // in a mapping of its own: it must begin as zeroes
  std::optional<ResidentPages> memory_;      // that mapping
  std::unique_ptr<allocator::PlaceholderThreadHeap> placeholder_;
  std::array<allocator::ThreadHeap*, kMaxThreads> threads_{};
  allocator::ThreadHeap* current_ = nullptr;
  std::uint64_t milliseconds_ = 0;           // the injected clock: advances by one a question
  // Of LiveBlocks, kept for their memory:
  std::vector<Run> runs_;
  Run marked_{};                             // of the last block that MarkFree was told
  std::vector<unsigned char> is_free_;       // by number of the block; not bits, each of which would wait for the last
  std::vector<model::BookEntry> blocks_;
  std::uint64_t looked_at_ = 0;
};

}  // namespace breakproof::harness
