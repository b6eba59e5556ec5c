#include "harness/explain/heap_view.h"

#include <unistd.h>

#include <algorithm>

#include "allocator/arithmetic/class_table.h"
#include "allocator/heap/heap.h"
#include "harness/explain/process_memory.h"

namespace breakproof::harness {
namespace {

void AddRegions(const SimulatedKernel& kernel, AddressSpace* space) {
  const model::Break& program_break = kernel.state().program_break;
  const std::uint64_t break_end = model::RoundUp(program_break.current);
  if (program_break.current > program_break.lowest) {
    space->regions.push_back({program_break.lowest, program_break.current, RegionKind::kBreak, true});
  }
  for (const model::Area& area : kernel.state().space.AreasIn(kernel.window())) {
    std::uint64_t begin = area.range.start;
    if (begin >= program_break.lowest && begin < break_end) begin = break_end;
    if (begin >= area.range.end) continue;
    const std::uint64_t length = area.range.end - begin;
    const bool is_accessible = (area.attributes.protection & 3u) == (model::kRead | model::kWrite);
    const bool is_foreign = is_accessible && !kernel.IsGranted(begin, length);
    space->regions.push_back({begin, area.range.end, is_foreign ? RegionKind::kForeign : RegionKind::kMapping, is_accessible});
  }
  std::sort(space->regions.begin(), space->regions.end(),
            [](const Region& a, const Region& b) { return a.begin < b.begin; });
}

SpanKind KindOf(allocator::SpanUse use) {
  switch (use) {
    case allocator::SpanUse::kSlab: return SpanKind::kSlab;
    case allocator::SpanUse::kLarge: return SpanKind::kLarge;
    case allocator::SpanUse::kMapping: return SpanKind::kMapping;
    default: return SpanKind::kFree;
  }
}

void AddSpans(const allocator::Heap& heap, AddressSpace* space) {
  const auto add = [&](const allocator::Span* span) {
    SpanView view{.begin = span->start, .end = span->end(), .kind = KindOf(span->use)};
    if (view.kind == SpanKind::kSlab) {
      view.block_size = arithmetic::kClassInfo.of[span->size_class].size;
      view.owner = span->owner_id;
    }
    space->spans.push_back(view);
  };
  heap.pages().free_spans().ForEach(add);
  for (const allocator::Span* span = heap.pages().first_used(); span != nullptr; span = span->next_in_heap) add(span);
  std::sort(space->spans.begin(), space->spans.end(),
            [](const SpanView& a, const SpanView& b) { return a.begin < b.begin; });
}

}  // namespace

AddressSpace ViewHeap(const SimulatedKernel& kernel, ProductionHeap& heap, bool with_lists) {
  AddressSpace space;
  AddRegions(kernel, &space);
  for (const Region& region : space.regions) {
    if (!region.is_accessible || region.kind == RegionKind::kForeign) continue;
    for (const auto& run : ReadResident(getpid(), region.begin / 4096 * 4096, model::RoundUp(region.end))) {
      space.resident.push_back(run);
    }
  }
  AddSpans(heap.heap(), &space);
  if (with_lists && heap.BrokenInvariant() == nullptr) {
    heap.VisitFreeBlocks(
        [](void* list, std::uintptr_t address, std::uint64_t size) {
          static_cast<std::vector<FreeBlock>*>(list)->push_back({address, size});
        },
        &space.free_blocks);
    std::sort(space.free_blocks.begin(), space.free_blocks.end(),
              [](const FreeBlock& a, const FreeBlock& b) { return a.address < b.address; });
  }
  return space;
}

}  // namespace breakproof::harness
