#include "model/break/break.h"

namespace breakproof::model {
namespace {

constexpr Attributes kHeap{.protection = kRead | kWrite};  // B7 B17

// L4 is byte-exact and knows nothing of pages; it refuses shrinking too (L5).
bool WithinDataLimit(State& state, Word wanted) {
  const Word limit = state.limits.data;
  if (limit == kUnlimited) return true;
  state.Hit(limit == 0 ? Rule::L5 : Rule::L4);
  return wanted - state.program_break.lowest + state.machine.initialised_data <= limit;
}

bool Grow(State& state, Range heap) {
  const Range wanted{heap.start, heap.end + kPage};  // B8: one page stays free above
  if (state.space.AnyMapped({heap.end, heap.end + kPage}) && state.space.IsFree(heap)) state.Hit(Rule::B8);
  if (state.space.AnyMapped({heap.start, heap.start + kPage})) state.Hit(Rule::B12);
  if (state.space.AnyMapped(wanted)) return !state.Hit(Rule::B10);
  if (!state.MayExpand(kHeap, heap.size() / kPage)) return !state.Hit(Rule::B24);
  if (!state.MayCharge(kHeap, heap.size() / kPage)) return !state.Hit(Rule::B24);
  const Range below{state.program_break.lowest, heap.start};
  const Word mapped_below = state.space.PagesIn(below);
  if (mapped_below != 0) state.Hit(Rule::B11);  // whatever lies below does not matter
  if (mapped_below < below.size() / kPage) state.Hit(Rule::B16);
  state.space.ForEachAreaIn(below, [&](const Area& area) {
    if (area.attributes.protection != kHeap.protection) state.Hit(Rule::B18), state.Hit(Rule::B17);
  });
  state.space.Map(heap, kHeap);  // B7
  return state.Hit(Rule::B7);
}

bool Shrink(State& state, Range released) {
  if (!state.space.AnyMapped(released)) return !state.Hit(Rule::B14);
  if (state.space.At(released.end)) state.Hit(Rule::B19);  // what lies above the break stays
  if (!state.space.At(released.start)) state.Hit(Rule::B15);
  state.space.ForEachAreaIn(released, [&](const Area& area) {
    if (!(area.attributes == kHeap)) state.Hit(Rule::B13);
  });
  state.space.Unmap(released);  // B13
  return state.Hit(Rule::B22);
}

bool Move(State& state, Word wanted) {
  const Word old_end = RoundUp(state.program_break.current);
  const Word new_end = RoundUp(wanted);
  if (wanted >= kTaskEnd) return !state.Hit(Rule::B23);  // B23, and rounding up may wrap
  if (new_end == old_end) return state.Hit(wanted < state.program_break.current ? Rule::B21 : Rule::B6);  // B6 B21
  return new_end > old_end ? Grow(state, {old_end, new_end}) : Shrink(state, {new_end, old_end});
}

}  // namespace

Word SetBreak(State& state, Word wanted) {
  Break& now = state.program_break;
  state.Hit(Rule::B1);
  if (wanted < now.lowest) {  // B2
    state.Hit(Rule::B2);
    return now.current;
  }
  if (WithinDataLimit(state, wanted) && Move(state, wanted)) now.current = wanted;
  return now.current;
}

}  // namespace breakproof::model
