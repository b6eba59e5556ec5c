// The parameters of a heap: mallopt(3) and the environment variables that glibc documents for the same (environment.h).
#pragma once

#include <stdint.h>

#include "allocator/heap/heap.h"

namespace breakproof::allocator {

// What can be set. Values are bytes but for kMmapMax, a number of mappings; any of them ends the adaptation of the
// thresholds. No value is refused, as glibc refuses none:
enum class Parameter : uint8_t {
  kMmapThreshold,  // less than a page counts as a page
  kTrimThreshold,  // UINT64_MAX: never trimmed
  kTopPad,         // more than half of the address space counts as half of it
  kMmapMax,        // 0: no request gets a mapping of its own
};

// Takes the page heap's lock.
void SetParameter(Heap& heap, Parameter parameter, uint64_t value);

namespace entry {

// mallopt(3) for one heap: 1, or 0 where glibc refuses the value (M_MXFAST beyond 160). M_PERTURB is not the heap's
// (perturb.h); the parameters that this allocator has no use for are accepted and change nothing.
int Mallopt(Heap& heap, int parameter, int value);

}  // namespace entry
}  // namespace breakproof::allocator
