#include "allocator/interface/parameters.h"

#include <malloc.h>

#include "allocator/arithmetic/checked.h"
#include "allocator/arithmetic/threshold.h"

namespace breakproof::allocator {

void SetParameter(Heap& heap, Parameter parameter, uint64_t value) {
  // Beyond it, need and padding together would overflow.
  constexpr uint64_t kMostPad = arithmetic::kMaxRequest / 2;
  PageHeap& pages = heap.pages();
  const LockGuard guard(pages.lock());
  const arithmetic::Threshold<uint64_t> threshold = pages.threshold();
  switch (parameter) {
    case Parameter::kMmapThreshold:
      // Less than a page never gets a mapping: it would waste most of it, and the fast path does not ask.
      pages.SetThreshold(arithmetic::WithMmapThreshold<uint64_t>(threshold, value < kPageSize ? kPageSize : value));
      return;
    case Parameter::kTrimThreshold:
      pages.SetThreshold(arithmetic::WithTrimThreshold<uint64_t>(threshold, value));
      return;
    case Parameter::kTopPad: pages.top_pad() = value < kMostPad ? value : kMostPad; break;
    case Parameter::kMmapMax: pages.SetMappingLimit(value); break;
  }
  pages.SetThreshold(arithmetic::Pinned<uint64_t>(threshold));
}

int entry::Mallopt(Heap& heap, int parameter, int value) {
  constexpr int kLargestMaxFast = 160;
  // glibc takes bytes as size_t: -1 is as many as can be.
  const auto bytes = static_cast<uint64_t>(int64_t{value});
  switch (parameter) {
    case M_MMAP_THRESHOLD: SetParameter(heap, Parameter::kMmapThreshold, bytes); return 1;
    case M_TRIM_THRESHOLD: SetParameter(heap, Parameter::kTrimThreshold, bytes); return 1;
    case M_TOP_PAD: SetParameter(heap, Parameter::kTopPad, bytes); return 1;
    case M_MMAP_MAX: SetParameter(heap, Parameter::kMmapMax, value < 0 ? 0 : bytes); return 1;
    case M_MXFAST: return value >= 0 && value <= kLargestMaxFast;
    default: return 1;
  }
}

}  // namespace breakproof::allocator
