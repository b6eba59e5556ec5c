#include <algorithm>
#include <cerrno>

#include "model/mapping/calls.h"

namespace breakproof::model {
namespace {

// The call with rounded lengths.
struct Request {
  Word from, old_size, new_size, to;
  bool may_move, fixed, dont_unmap;
  Range Old() const { return {from, from + old_size}; }
  Range New() const { return {to, to + new_size}; }
};

bool InvalidArguments(const State& state, const MremapCall& call, const Request& r) {  // M45, in the kernel's order
  const bool relocates = r.fixed || r.dont_unmap;
  if (call.flags & ~(kMayMove | kMoveFixed | kDontUnmap)) return true;
  if (!Aligned(r.from) || r.new_size == 0) return true;
  if (r.new_size > kTaskEnd && (relocates || state.machine.remap_checks_arguments_first)) return true;
  if (!relocates) return false;
  if (!r.may_move) return true;
  if (r.dont_unmap && r.old_size != r.new_size) return true;
  if (!Aligned(r.to) || r.to > kTaskEnd - r.new_size) return true;
  return r.from + r.old_size > r.to && r.to + r.new_size > r.from;
}

// What is asked of the area that holds the source, before anything changes.
int SourceError(State& state, const Request& r, const Area& source) {
  if (r.old_size == 0 && !source.attributes.shared && state.Hit(Rule::M54)) return EINVAL;  // M54
  const bool shrinks = r.new_size < r.old_size;
  const Word needed = std::min(r.old_size, r.new_size);
  if (needed > source.range.end - r.from) {  // M48 M53
    state.Hit(r.fixed ? Rule::M53 : Rule::M48);
    return EFAULT;
  }
  if (shrinks || r.new_size == r.old_size) return 0;
  if (state.MayExpand(source.attributes, (r.new_size - r.old_size) / kPage)) return 0;
  state.Hit(Rule::M57);
  return ENOMEM;  // M57
}

// Moves `kept` bytes to `to` and lets them grow to the new size; old_size = 0 makes a second mapping (M54).
void MoveAndGrow(State& state, const Request& r, const Area& source, Word to) {
  const Word kept = std::min(r.old_size, r.new_size);
  if (kept == 0) {
    state.space.Map({to, to + r.new_size}, source.AttributesAt(r.from));
    state.Hit(Rule::M54);
    return;
  }
  state.space.Move({r.from, r.from + kept}, to);
  if (r.new_size > kept) state.space.Extend({to + kept, to + r.new_size});
  if (r.new_size > kept && source.attributes.shared) state.Hit(Rule::M56);
  state.Hit(Rule::C3);
}

// FIXED with equal sizes: every mapped part of the range moves, holes leave their destination alone (M52).
Result MoveMany(State& state, const Request& r) {
  const std::vector<Area> parts = state.space.AreasIn(r.Old());
  const bool single = parts.size() == 1 && parts[0].range.size() == r.old_size;
  if (!single) state.Hit(Rule::M52);
  for (const Area& part : parts) {
    const Word to = r.to + (part.range.start - r.from);
    state.space.Unmap({to, to + part.range.size()});
    state.space.Move(part.range, to);
  }
  state.Hit(Rule::M51);
  return Result::Ok(r.to);
}

// M51: empties the destination, and cuts off what a shrinking move leaves behind.
void ClearForMove(State& state, const Request& r) {
  state.space.Unmap(r.New());
  if (r.new_size < r.old_size) state.space.Unmap({r.from + r.new_size, r.from + r.old_size});
}

Result MoveFixed(State& state, const Request& r, const Area& source) {
  const bool source_first = state.machine.remap_checks_source_first;  // M53
  if (r.old_size == r.new_size && state.machine.moves_span_areas) return MoveMany(state, r);
  if (!source_first) ClearForMove(state, r);
  if (const int error = SourceError(state, r, source)) return Result::Error(error);
  if (source_first) ClearForMove(state, r);
  if (!state.space.At(r.from)) return Result::Error(EFAULT);  // M54: the copy was to replace its own source
  MoveAndGrow(state, r, *state.space.At(r.from), r.to);
  state.Hit(Rule::M51);
  return Result::Ok(r.to);
}

Result Shrink(State& state, const Request& r) {
  const Word tail = r.from + r.new_size;
  const Word size = r.old_size - r.new_size;
  if (tail > kTaskEnd || size > kTaskEnd - tail) return Result::Error(EINVAL);
  state.space.Unmap({tail, tail + size});
  state.Hit(Rule::M47);
  return Result::Ok(r.from);
}

Result Grow(State& state, const Request& r, const Area& source, Chooser& chooser) {
  if (const int error = SourceError(state, r, source)) return Result::Error(error);
  const Range addition{r.from + r.old_size, r.from + r.new_size};
  const bool at_end = r.old_size != 0 && addition.start == source.range.end;
  if (at_end && addition.end <= kTaskEnd && state.space.IsFree(addition)) {  // M49
    if (!state.MayCharge(source.attributes, addition.size() / kPage)) return Result::Error(ENOMEM);
    state.space.Extend(addition);
    if (source.attributes.shared) state.Hit(Rule::M56);
    state.Hit(Rule::M49);
    return Result::Ok(r.from);
  }
  state.Hit(Rule::M50);
  if (!r.may_move || !state.space.HasGap(r.new_size)) return Result::Error(ENOMEM);  // M50
  if (!state.MayCharge(source.attributes, addition.size() / kPage)) return Result::Error(ENOMEM);
  const Word to = chooser.Place(state.space, r.new_size);
  if (!Aligned(to) || state.space.AnyMapped({to, to + r.new_size})) return {to, 0, true};
  MoveAndGrow(state, r, source, to);
  return Result::Ok(to);
}

}  // namespace

Result Mremap(State& state, const MremapCall& call, Chooser& chooser) {
  const Request r{call.address,
                  RoundUp(call.old_length),
                  RoundUp(call.new_length),
                  call.new_address,
                  (call.flags & kMayMove) != 0,
                  (call.flags & kMoveFixed) != 0,
                  (call.flags & kDontUnmap) != 0};
  if (InvalidArguments(state, call, r) && state.Hit(Rule::M45)) {
    Result refused = Result::Error(EINVAL);
    refused.any_error = !state.machine.remap_checks_arguments_first;
    return refused;  // M45
  }
  const std::optional<Area> source = state.space.At(r.from);
  if (!source && state.Hit(Rule::M45)) return Result::Error(EFAULT);  // M45
  if (r.dont_unmap) return Result::Error(EINVAL);                     // M55 is not modelled: as Linux before 5.7
  if (r.fixed) return MoveFixed(state, r, *source);
  if (r.new_size == r.old_size && state.Hit(Rule::M46)) return Result::Ok(r.from);  // M46
  if (r.new_size < r.old_size) return Shrink(state, r);
  return Grow(state, r, *source, chooser);
}

}  // namespace breakproof::model
