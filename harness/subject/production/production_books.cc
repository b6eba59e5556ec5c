// What the production heap's own books say, for the harness.
#include <algorithm>

#include "allocator/arithmetic/class_table.h"
#include "allocator/heap/check.h"
#include "allocator/heap/heap.h"
#include "allocator/heap/statistics.h"
#include "allocator/heap/thread_heap.h"
#include "harness/subject/production/heap_shape.h"
#include "harness/subject/production/production_heap.h"

namespace breakproof::harness {

using allocator::kPageSize;

void ProductionHeap::VisitFreeBlocks(void (*visit)(void*, std::uintptr_t, std::uint64_t), void* context) {
  allocator::VisitFreeBlocks(*heap_, visit, context);
}

const char* ProductionHeap::BrokenInvariant() { return allocator::CheckHeap(*heap_); }

// Blocks come slab by slab, each in ascending order: only slabs need sorting, and a free block is found in its own.
const std::vector<model::BookEntry>& ProductionHeap::LiveBlocks() {
  runs_.clear();
  looked_at_ = 0;
  allocator::VisitBlocks(
      *heap_,
      [](void* self, std::uintptr_t address, std::uint64_t usable) {
        static_cast<ProductionHeap*>(self)->Add(address, usable);
      },
      this);
  std::sort(runs_.begin(), runs_.end(), [](const Run& x, const Run& y) { return x.start < y.start; });
  is_free_.assign(looked_at_, 0);
  marked_ = {};
  allocator::VisitFreeBlocks(
      *heap_,
      [](void* self, std::uintptr_t address, std::uint64_t) { static_cast<ProductionHeap*>(self)->MarkFree(address); },
      this);
  blocks_.clear();
  for (const Run& run : runs_) {
    for (std::uint64_t i = 0; i < run.blocks; ++i) {
      if (is_free_[run.first + i] == 0) blocks_.push_back({run.start + i * run.size, run.size});
    }
  }
  return blocks_;
}

void ProductionHeap::Add(std::uint64_t address, std::uint64_t usable) {
  const bool continues = !runs_.empty() && runs_.back().size == usable && runs_.back().end() == address;
  if (!continues) runs_.push_back({address, usable, 0, looked_at_});
  ++runs_.back().blocks;
  ++looked_at_;
}

void ProductionHeap::MarkFree(std::uint64_t address) {
  // Most are in the same slab as the one before.
  if (address < marked_.start || address >= marked_.end()) {
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), address,
                                        [](std::uint64_t wanted, const Run& run) { return wanted < run.start; });
    // What is no block of a slab the walk has complained of (V7).
    if (after == runs_.begin() || address >= std::prev(after)->end()) return;
    marked_ = *std::prev(after);
  }
  is_free_[marked_.first + (address - marked_.start) / marked_.size] = 1;
}

bool ProductionHeap::HasUsedSpans() const { return heap_->pages().first_used() != nullptr; }

std::uint64_t ProductionHeap::TopFree(std::uint64_t program_break) const {
  if (program_break == 0) return 0;
  const allocator::Span& span = *heap_->pages().map().Find(program_break - 1);
  const bool is_top = span.use == allocator::SpanUse::kFree && span.segment == 0 && span.end() == program_break;
  return is_top ? span.bytes() : 0;
}

bool ProductionHeap::Knows(std::uint64_t address) const {
  return allocator::PageMap::IsSomebody(*heap_->pages().map().Find(address));
}

std::uint64_t ProductionHeap::OldestFree() const {
  const allocator::Span* const oldest = heap_->pages().first_dirty();
  return oldest == nullptr ? 0 : milliseconds_ - oldest->free_since;
}

std::uint64_t ProductionHeap::SpanState(std::uint64_t size) const { return SpanStateOf(*heap_, *current_, size); }
std::uint64_t ProductionHeap::Shape() const { return ShapeOf(*heap_); }
std::uint64_t ProductionHeap::HeldBytes() const {
  const allocator::PageHeap& pages = heap_->pages();
  return pages.break_bytes() + pages.segment_bytes() + pages.mappings().bytes();
}

HeldFigures ProductionHeap::Held() const {
  const allocator::PageHeap& pages = heap_->pages();
  const allocator::MappingCount& mappings = pages.mappings();
  return {.break_bytes = pages.break_bytes(),
          .segment_bytes = pages.segment_bytes(),
          .most_heap_bytes = pages.most_heap_bytes(),
          .mappings = mappings.count(),
          .most_mappings = mappings.most_count(),
          .mapping_bytes = mappings.bytes(),
          .most_mapping_bytes = mappings.most_bytes()};
}

CountedFigures ProductionHeap::Counted() const {
  allocator::HeapStatistics statistics;
  allocator::CountHeap(*heap_, &statistics);
  CountedFigures counted = {.used = statistics.used_bytes(),
                            .free = statistics.free_bytes,
                            .top = statistics.top_bytes,
                            .tails = statistics.tail_bytes};
  const auto add = [](void* bytes, std::uintptr_t, std::uint64_t usable) { *static_cast<std::uint64_t*>(bytes) += usable; };
  allocator::VisitBlocksOnTheWay(*heap_, add, &counted.on_the_way);
  return counted;
}

std::uint64_t ProductionHeap::ThreadNumber() const { return current_->id(); }

std::uint64_t ProductionHeap::OwnerOf(std::uint64_t block) const {
  const allocator::Span& span = *heap_->pages().map().Find(block);
  return span.use == allocator::SpanUse::kSlab ? span.owner_id : 0;
}

std::map<std::uint64_t, std::uint64_t> ProductionHeap::FreeRuns() const {
  std::map<std::uint64_t, std::uint64_t> runs;
  heap_->pages().free_spans().ForEach([&](const allocator::Span* span) { runs[span->start] = span->bytes(); });
  return runs;
}

bool ProductionHeap::Serves(std::uint64_t payload, std::uint64_t alignment) const {
  const allocator::FreeSpans& free = heap_->pages().free_spans();
  if (payload > arithmetic::kMaxClassSize || alignment > kPageSize) {
    const std::uint64_t pages = (std::max<std::uint64_t>(payload, 1) + kPageSize - 1) / kPageSize;
    const std::uint64_t slack = alignment > kPageSize ? alignment / kPageSize - 1 : 0;
    return free.Find(pages + slack) != nullptr;
  }
  const std::uint64_t size_class = arithmetic::AlignedSizeToClass<std::uint64_t>(payload, alignment);
  const allocator::ThreadHeap& thread = *current_;
  const bool has_block = thread.id() != allocator::kNoThread &&
                         (thread.bin_count(size_class) > 0 || thread.slabs(size_class) != nullptr);
  return has_block || free.Find(arithmetic::kClassInfo.of[size_class].pages) != nullptr;
}

}  // namespace breakproof::harness
