#include "harness/subject/production/heap_shape.h"

#include <algorithm>
#include <bit>

#include "allocator/arithmetic/class_table.h"
#include "allocator/arithmetic/size_class.h"
#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::harness {
namespace {

std::uint64_t Magnitude(std::uint64_t n) { return static_cast<std::uint64_t>(std::bit_width(n)); }

std::uint64_t Mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t SpanStateOf(const allocator::Heap& heap, const allocator::ThreadHeap& thread, std::uint64_t size) {
  const allocator::PageHeap& pages = heap.pages();
  std::uint64_t free_runs = 0;
  pages.free_spans().ForEach([&](const allocator::Span*) { ++free_runs; });
  std::uint64_t at_hand = 0;
  if (thread.id() != allocator::kNoThread && size <= arithmetic::kMaxClassSize) {
    const std::uint64_t size_class = arithmetic::FastSizeToClass(size);
    at_hand = 1 + Magnitude(thread.bin_count(size_class)) * 2 + (thread.slabs(size_class) != nullptr);
  }
  return Magnitude(free_runs) | Magnitude(pages.free_spans().pages()) / 2 << 4 | (pages.segment_bytes() != 0) << 8 |
         (pages.break_bytes() != 0) << 9 | at_hand << 10;
}

std::uint64_t ShapeOf(const allocator::Heap& heap) {
  // A sum: equal spans in another order are the same shape.
  std::uint64_t shape = 0;
  for (const allocator::Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) {
    std::uint64_t one = static_cast<std::uint64_t>(span->use) | Magnitude(span->pages) << 8;
    if (span->use == allocator::SpanUse::kSlab) {
      const std::uint64_t most = arithmetic::kClassInfo.of[span->size_class].blocks;
      one |= std::uint64_t{span->size_class} << 16 | (span->used * 4 + most - 1) / most << 24;
    }
    shape += Mix(one);
  }
  heap.pages().free_spans().ForEach([&](const allocator::Span* span) { shape += Mix(Magnitude(span->pages) << 40 | 1); });
  return shape;
}

}  // namespace breakproof::harness
