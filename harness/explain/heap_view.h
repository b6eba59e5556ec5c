// What the production allocator's walker and the simulated kernel say of memory, as an address space.
#pragma once

#include "harness/explain/trace.h"
#include "harness/kernel/simulated/simulated_kernel.h"
#include "harness/subject/production/production_heap.h"

namespace breakproof::harness {

// Free lists are walked only where `with_lists` is set and the heap's invariants hold: broken lists lead anywhere.
AddressSpace ViewHeap(const SimulatedKernel& kernel, ProductionHeap& heap, bool with_lists);

}  // namespace breakproof::harness
