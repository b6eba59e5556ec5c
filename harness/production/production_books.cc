// What the production heap's own books say, for the harness.
#include <algorithm>

#include "allocator/arithmetic/class_table.h"
#include "allocator/heap/check.h"
#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"
#include "harness/production/production_heap.h"

namespace breakproof::harness {

using allocator::kPageSize;

const char* ProductionHeap::BrokenInvariant() { return allocator::CheckHeap(*heap_); }

const std::vector<model::BookEntry>& ProductionHeap::LiveBlocks() {
  free_blocks_.clear();
  allocator::VisitFreeBlocks(
      *heap_,
      [](void* free, std::uintptr_t address, std::uint64_t) {
        static_cast<std::vector<std::uint64_t>*>(free)->push_back(address);
      },
      &free_blocks_);
  blocks_.clear();
  allocator::VisitBlocks(
      *heap_,
      [](void* all, std::uintptr_t address, std::uint64_t usable) {
        static_cast<std::vector<model::BookEntry>*>(all)->push_back({address, usable});
      },
      &blocks_);
  looked_at_ = blocks_.size();
  std::sort(free_blocks_.begin(), free_blocks_.end());
  std::sort(blocks_.begin(), blocks_.end(), [](const auto& x, const auto& y) { return x.address < y.address; });
  auto free = free_blocks_.begin();
  std::erase_if(blocks_, [&](const model::BookEntry& entry) {
    while (free != free_blocks_.end() && *free < entry.address) ++free;
    return free != free_blocks_.end() && *free == entry.address;
  });
  return blocks_;
}

bool ProductionHeap::HasUsedSpans() const { return heap_->pages().first_used() != nullptr; }

std::uint64_t ProductionHeap::TopFree(std::uint64_t program_break) const {
  if (program_break == 0) return 0;
  const allocator::PageEntry entry = heap_->pages().map().Find(program_break - 1);
  if (!entry.IsOurs()) return 0;
  const allocator::Span& span = *entry.span();
  const bool is_top = span.use == allocator::SpanUse::kFree && span.segment == 0 && span.end() == program_break;
  return is_top ? span.bytes() : 0;
}

bool ProductionHeap::Knows(std::uint64_t address) const { return heap_->pages().map().Find(address).IsOurs(); }

std::uint64_t ProductionHeap::OldestFree() const {
  const allocator::Span* const oldest = heap_->pages().first_dirty();
  return oldest == nullptr ? 0 : milliseconds_ - oldest->free_since;
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
                         (thread.bin(size_class) != nullptr || thread.slabs(size_class) != nullptr);
  return has_block || free.Find(arithmetic::kClassInfo.of[size_class].pages) != nullptr;
}

}  // namespace breakproof::harness
