#include <algorithm>
#include <cerrno>

#include "model/mapping/calls.h"

namespace breakproof::model {

Word EndOfObject(const State& state, const Area& area) {
  if (area.attributes.IsPrivateAnonymous()) return area.range.end;
  const auto it = state.object_size.find(area.attributes.object);
  const Word size = it == state.object_size.end() ? 0 : RoundUp(it->second);
  const Word start = area.attributes.object_start;
  if (size <= start) return area.range.start;
  return area.range.start + std::min(size - start, area.range.size());
}

namespace {

int ArgumentError(State& state, Word address, Word length, int advice) {  // M70
  const bool known = advice >= 0 && advice < 64 && (state.machine.known_advice >> advice & 1) != 0;
  const bool wraps = (length != 0 && RoundUp(length) == 0) || address + RoundUp(length) < address;
  return !known || !Aligned(address) || wraps ? EINVAL : 0;
}

int Remove(State& state, const Area& area) {  // M78
  state.Hit(Rule::M78);
  const Attributes& a = area.attributes;
  if (a.IsPrivateAnonymous()) return EINVAL;
  const bool writable = a.shared && a.may_write;
  if (!writable || (state.machine.remove_needs_write && !(a.protection & kWrite))) return EACCES;
  state.space.Note(Effect::Kind::kPunch, area.range);
  return 0;
}

// The effect on one area; a non-zero errno ends the call at once.
int Apply(State& state, const Area& area, int advice) {
  const bool private_anonymous = area.attributes.IsPrivateAnonymous();
  switch (advice) {
    case kDontNeed:
      state.Hit(Rule::M72);
      if (!area.attributes.shared) state.space.Note(Effect::Kind::kDiscard, area.range);  // M72
      return 0;
    case kFree:
      state.Hit(Rule::M74);
      if (!private_anonymous) return EINVAL;
      state.space.Note(Effect::Kind::kOffer, area.range);  // M74
      return 0;
    case kRemove: return Remove(state, area);
    case kWipeOnFork: state.Hit(Rule::M77); return private_anonymous ? 0 : EINVAL;  // M77
    default: state.Hit(Rule::M76); return 0;                                        // M76
  }
}

// MADV_POPULATE_*: page by page, the first failure is reported (M79).
Result Populate(State& state, Range range, bool write) {
  state.Hit(Rule::M79);
  const unsigned needed = write ? kWrite : kRead;
  bool hole = false;
  Word next = range.start;
  for (const Area& area : state.space.AreasIn(range)) {
    hole |= area.range.start != next;
    if (hole && state.machine.populate_stops_at_holes) return Result::Error(ENOMEM);
    if (!(area.attributes.protection & needed)) return Result::Error(EINVAL);
    const Word end = EndOfObject(state, area);
    if (write && !area.attributes.shared) state.space.Note(Effect::Kind::kCopy, {area.range.start, end});
    if (end < area.range.end) return Result::Error(EFAULT);
    next = area.range.end;
  }
  return hole || next != range.end ? Result::Error(ENOMEM) : Result::Ok(0);
}

}  // namespace

Result Madvise(State& state, Word address, Word length, int advice) {
  const int invalid = ArgumentError(state, address, length, advice);
  if (invalid != 0 && state.Hit(Rule::M70)) return Result::Error(invalid);
  const Range range{address, address + RoundUp(length)};
  if (range.empty() && state.Hit(Rule::M70)) return Result::Ok(0);
  if (advice == kPopulateRead || advice == kPopulateWrite) return Populate(state, range, advice == kPopulateWrite);
  bool hole = false;
  Word next = address;
  for (const Area& area : state.space.AreasIn(range)) {
    hole |= area.range.start != next;  // M71: go on behind the hole
    if (const int error = Apply(state, area, advice)) return Result::Error(error);
    next = area.range.end;
  }
  hole |= next != range.end;
  if (hole && state.Hit(Rule::M71)) return Result::Error(ENOMEM);  // M71
  return Result::Ok(0);
}

}  // namespace breakproof::model
