#include <cerrno>

#include "model/mapping/calls.h"

namespace breakproof::model {
namespace {

constexpr Word kLargestFile = (Word{1} << 63) - 1;  // bytes; M3

bool IsFixed(const MmapCall& call) { return (call.flags & (kFixed | kFixedNoReplace)) != 0; }

const Descriptor* Find(const State& state, int number) {
  const auto it = state.machine.descriptors.find(number);
  return it == state.machine.descriptors.end() || !it->second.open ? nullptr : &it->second;
}

// Errors that depend on the arguments and descriptors alone and precede the search for an address.
int EarlyError(State& state, const MmapCall& call) {
  if (!Aligned(call.offset) && state.Hit(Rule::M1)) return EINVAL;                                       // M1
  if (!(call.flags & kAnonymous) && !Find(state, call.descriptor) && state.Hit(Rule::M2)) return EBADF;  // M2
  if (call.length == 0 && state.Hit(Rule::M3)) return EINVAL;                                            // M3
  if (RoundUp(call.length) == 0 && state.Hit(Rule::M3)) return ENOMEM;                                   // M3
  const Word length = RoundUp(call.length);
  if (length > kTaskEnd && state.Hit(Rule::M5)) return ENOMEM;  // M5
  if (!IsFixed(call)) return 0;
  // M5: the address search hands a fixed address back, and the last 4095 of them read as error numbers.
  if (call.address > 0 - kPage && state.Hit(Rule::M5)) return static_cast<int>(0 - call.address);
  if (call.address > kTaskEnd - length && state.Hit(Rule::M5)) return ENOMEM;  // M5
  if (!Aligned(call.address) && state.Hit(Rule::M6)) return EINVAL;            // M6
  return 0;
}

int FileError(State& state, const MmapCall& call) {
  const Descriptor& file = *Find(state, call.descriptor);
  const Word length = RoundUp(call.length);
  const unsigned type = call.flags & kTypeMask;
  if (call.offset / kPage > (kLargestFile - length) / kPage && state.Hit(Rule::M3)) return EOVERFLOW;         // M3
  if (type != kShared && type != kPrivate && type != kSharedValidate && state.Hit(Rule::M10)) return EINVAL;  // M10
  if (type == kSharedValidate && (call.flags & ~kValidatedFlags) && state.Hit(Rule::M14)) return EOPNOTSUPP;  // M14
  const bool shared_write = type != kPrivate && (call.protection & kWrite);
  if (shared_write && !file.writable && state.Hit(Rule::M11)) return EACCES;  // M11
  if (!file.readable && state.Hit(Rule::M11)) return EACCES;                  // M11
  if (!file.mappable && state.Hit(Rule::M12)) return ENODEV;                  // M12
  if ((call.flags & kGrowsDownArea) && state.Hit(Rule::M12)) return EINVAL;   // M12
  return 0;
}

int AnonymousError(State& state, const MmapCall& call) {
  const unsigned type = call.flags & kTypeMask;
  if (type != kShared && type != kPrivate && state.Hit(Rule::M10)) return EINVAL;               // M10
  if (type == kShared && (call.flags & kGrowsDownArea) && state.Hit(Rule::M12)) return EINVAL;  // M12
  return 0;
}

Attributes AttributesOf(const State& state, const MmapCall& call) {
  Attributes result{.protection = call.protection & (kRead | kWrite | kExecute)};  // M14
  result.no_reserve = (call.flags & kNoReserve) != 0;                              // M24
  result.shared = (call.flags & kTypeMask) != kPrivate;
  if (call.flags & kAnonymous) {
    if (result.shared) result.object = state.next_object;
    return result;
  }
  const Descriptor& file = *Find(state, call.descriptor);
  result.object = file.object;
  result.object_start = call.offset;
  result.may_write = !result.shared || file.writable;  // M38
  return result;
}

// The hint, if it can be honoured as it is (M18).
bool HintUsable(State& state, const MmapCall& call, Word& address) {
  address = RoundDown(call.address);
  if (address == 0) return false;
  if (address < state.machine.lowest_address) address = RoundUp(state.machine.lowest_address);
  state.Hit(Rule::M18);
  const Word length = RoundUp(call.length);
  return address <= kTaskEnd - length && state.space.IsFree({address, address + length});
}

// Makes the mapping at `address`; MAP_FIXED replaces what is there (M20).
Result Place(State& state, const MmapCall& call, Word address) {
  const Attributes attributes = AttributesOf(state, call);
  const Range range{address, address + RoundUp(call.length)};
  if (IsFixed(call) && state.space.AnyMapped(range)) state.Hit(Rule::M20);
  state.space.Unmap(range);
  state.space.Map(range, attributes);
  state.Hit(Rule::M15);
  if (attributes.no_reserve) state.Hit(Rule::M24);
  if (attributes.IsPrivateAnonymous() || attributes.IsSharedAnonymous()) state.Hit(Rule::C1);
  if (attributes.IsSharedAnonymous()) state.object_size[state.next_object++] = range.size();
  const bool writes = (attributes.protection & kWrite) && !attributes.shared;
  if (call.flags & kPopulate) state.Hit(Rule::M21);
  if ((call.flags & kPopulate) && writes) state.space.Note(Effect::Kind::kCopy, range);  // M21: as if stored to
  return Result::Ok(address);
}

bool WithinLimits(State& state, const MmapCall& call, Word already_mapped) {
  const Attributes attributes = AttributesOf(state, call);
  const Word pages = RoundUp(call.length) / kPage;
  if (already_mapped != 0 && state.limits.address_space != kUnlimited) state.Hit(Rule::L2);
  return state.MayExpand(attributes, pages - already_mapped) && state.MayCharge(attributes, pages);  // L2
}

}  // namespace

Result Mmap(State& state, const MmapCall& call, Chooser& chooser) {
  const bool fixed = IsFixed(call);
  const Word length = RoundUp(call.length);
  if (const int error = EarlyError(state, call)) return Result::Error(error);
  Word address = call.address;
  const bool placed = fixed || HintUsable(state, call, address);
  if (!placed && !state.space.HasGap(length) && state.Hit(Rule::M13)) return Result::Error(ENOMEM);  // M13
  const Word mapped = fixed ? state.space.PagesIn({address, address + length}) : 0;
  if ((call.flags & kFixedNoReplace) && mapped != 0 && state.Hit(Rule::M8)) return Result::Error(EEXIST);  // M8
  const int error = call.flags & kAnonymous ? AnonymousError(state, call) : FileError(state, call);
  if (mapped != 0 && error != 0) state.Hit(Rule::M22);
  if (error != 0) return Result::Error(error);
  if (!WithinLimits(state, call, mapped)) {  // M13
    state.Hit(Rule::M13);
    if (mapped != 0) state.Hit(Rule::M22), state.Hit(Rule::M23);
    return Result::Error(ENOMEM);
  }
  if (placed) return Place(state, call, address);
  address = chooser.Place(state.space, length);  // M16
  state.Hit(Rule::M16);
  if (!Aligned(address) || state.space.AnyMapped({address, address + length})) return {address, 0, true};
  return Place(state, call, address);
}

}  // namespace breakproof::model
