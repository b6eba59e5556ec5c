#include <cerrno>

#include "model/mapping/calls.h"

namespace breakproof::model {

Result Munmap(State& state, Word address, Word length) {
  const Word rounded = RoundUp(length);
  const bool invalid = !Aligned(address) || rounded == 0 || address > kTaskEnd || rounded > kTaskEnd - address;
  if (invalid && state.Hit(Rule::M30)) return Result::Error(EINVAL);  // M30
  const Range range{address, address + rounded};
  state.Hit(Rule::M31);
  if (state.space.AnyMapped(range)) state.Hit(Rule::M32);
  state.space.Unmap(range);  // M31
  return Result::Ok(0);
}

namespace {

int ArgumentError(State& state, Word address, Word length, unsigned protection) {
  const unsigned grows = protection & (kGrowsDown | kGrowsUp);
  const unsigned unknown = protection & ~(grows | kRead | kWrite | kExecute | kAtomicsHint);
  if (grows == (kGrowsDown | kGrowsUp) && state.Hit(Rule::M35)) return EINVAL;
  if (!Aligned(address) && state.Hit(Rule::M35)) return EINVAL;
  if (length == 0) return 0;
  if (address + RoundUp(length) <= address && state.Hit(Rule::M35)) return ENOMEM;
  if (unknown != 0 && state.Hit(Rule::M35)) return EINVAL;
  return 0;
}

// M41: does turning these pages writable exceed the data limit? The kernel asks area by area.
bool ExceedsDataLimit(State& state, const Area& area, unsigned protection) {
  Attributes after = area.attributes;
  after.protection = protection;
  const Word pages = area.range.size() / kPage;
  if (!after.CountsAsData() || area.attributes.CountsAsData()) return false;
  state.Hit(Rule::M41);
  if (!state.MayCharge(after, pages)) return true;
  // Only the data limit counts: no page is added, but a full address space hides that limit too.
  return !state.MayExpand(after, pages) && state.MayExpand(area.attributes, pages);
}

}  // namespace

Result Mprotect(State& state, Word address, Word length, unsigned protection) {
  if (const int error = ArgumentError(state, address, length, protection)) return Result::Error(error);
  if (length == 0 && state.Hit(Rule::M35)) return Result::Ok(0);
  const Range range{address, address + RoundUp(length)};
  // M39: GROWSDOWN would start at the next area's lowest page, so that a hole before it does not count.
  const bool found = protection & kGrowsDown ? state.space.AnyMapped(range) : state.space.At(address).has_value();
  if (!found && state.Hit(Rule::M36)) return Result::Error(ENOMEM);                                  // M36
  if ((protection & (kGrowsDown | kGrowsUp)) && state.Hit(Rule::M39)) return Result::Error(EINVAL);  // M39
  protection &= kRead | kWrite | kExecute;
  Word next = address;
  for (const Area& area : state.space.AreasIn(range)) {
    if (area.range.start != next && state.Hit(Rule::M37)) return Result::Error(ENOMEM);  // M37
    const bool forbidden = (protection & kWrite) && !area.attributes.may_write;
    if (forbidden && state.Hit(Rule::M38)) return Result::Error(EACCES);          // M38
    if (ExceedsDataLimit(state, area, protection)) return Result::Error(ENOMEM);  // M41
    if (area.attributes.protection != protection) state.Hit(Rule::M40), state.Hit(Rule::C3);
    state.space.Protect(area.range, protection);
    next = area.range.end;
  }
  if (next != range.end && state.Hit(Rule::M37)) return Result::Error(ENOMEM);  // M37
  return Result::Ok(0);
}

}  // namespace breakproof::model
