#include "allocator/heap/trim.h"

namespace breakproof::allocator {
namespace {

std::uint64_t SpansToDiscard(const PageHeap& pages) {
  std::uint64_t count = 0;
  for (const Span* span = pages.first_dirty(); span != nullptr; span = span->next_in_heap) ++count;
  return count;
}

// Each call tries one at least; what the kernel refuses waits for the next turn, but not for ever.
bool DiscardAll(PageHeap& pages) {
  const std::uint64_t before = SpansToDiscard(pages);
  for (std::uint64_t i = 0; i < before && pages.first_dirty() != nullptr; ++i) pages.Discard(0);
  return SpansToDiscard(pages) < before;
}

}  // namespace

bool TrimHeap(Heap& heap, ThreadHeap& thread, std::uint64_t pad) {
  if (thread.id() != kNoThread) thread.Flush();
  heap.FlushIdle();
  PageHeap& pages = heap.pages();
  const LockGuard guard(pages.lock());
  const bool is_lowered = pages.Trim(0, pad);
  return DiscardAll(pages) || is_lowered;
}

}  // namespace breakproof::allocator
