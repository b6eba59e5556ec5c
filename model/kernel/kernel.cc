#include "model/kernel/kernel.h"

#include "model/break/break.h"

namespace breakproof::model {
namespace {

Result FaultOf(State& state, Access access) {
  if (access == Access::kPastEnd) state.Hit(Rule::C10);
  if (access == Access::kOk) return Result::Ok(0);
  state.Hit(Rule::C12);
  switch (access) {
    case Access::kUnmapped: return {0, kFaultUnmapped};
    case Access::kForbidden: return {0, kFaultForbidden};
    default: return {0, kFaultPastEnd};
  }
}

}  // namespace

void Kernel::AddFile(int object, const std::vector<std::uint8_t>& bytes) {
  state_.object_size[object] = 0;
  contents_.Write(state_, object, 0, bytes);
}

Word Kernel::LimitOf(const Machine& machine, const Call& call) {
  if (call.flags & kAbsoluteLimit) return call.value;
  const Word used = call.kind == CallKind::kLimitAs ? machine.other_pages : machine.other_data_pages;
  return used * kPage + call.value;
}

Result Kernel::Perform(const Call& call, Chooser& chooser) {
  const Result result = Dispatch(call, chooser);
  state_.space.TakeEffects(&effects_);
  contents_.Apply(state_, effects_);
  const bool refused = result.error > 0;
  if (refused && effects_.empty()) state_.Hit(Rule::L11);
  return result;
}

Result Kernel::Dispatch(const Call& call, Chooser& chooser) {
  switch (call.kind) {
    case CallKind::kBrk: return Result::Ok(SetBreak(state_, call.address));
    case CallKind::kLibcBrk: return LibcBrk(state_, libc_, call.address);
    case CallKind::kLibcSbrk: return LibcSbrk(state_, libc_, static_cast<std::int64_t>(call.value));
    case CallKind::kMmap:
      return Mmap(state_, {call.address, call.length, call.protection, call.flags, call.descriptor, call.offset},
                  chooser);
    case CallKind::kMunmap: return Munmap(state_, call.address, call.length);
    case CallKind::kMprotect: return Mprotect(state_, call.address, call.length, call.protection);
    case CallKind::kMremap:
      return Mremap(state_, {call.address, call.length, call.new_length, call.flags, call.new_address}, chooser);
    case CallKind::kMadvise: return Madvise(state_, call.address, call.length, call.advice);
    case CallKind::kLimitData:
      state_.limits.data = LimitOf(state_.machine, call);  // L12: never refused
      return Result::Ok(0);
    case CallKind::kLimitAs:
      state_.limits.address_space = LimitOf(state_.machine, call);
      state_.Hit(Rule::L12);
      return Result::Ok(0);
    case CallKind::kLoad: return Load(call.address);
    case CallKind::kStore: return Store(call.address, static_cast<std::uint8_t>(call.value));
    case CallKind::kPwrite: return Pwrite(call);
    case CallKind::kTruncate:
      contents_.Truncate(state_, state_.machine.descriptors.at(call.descriptor).object, call.offset);
      return Result::Ok(0);
  }
  return {};
}

Result Kernel::Load(Word address) {
  const Result fault = FaultOf(state_, Contents::MayLoad(state_, address));
  if (fault.error != 0) return fault;
  if (!(state_.space.At(address)->attributes.protection & kWrite)) state_.Hit(Rule::C14);
  return Result::Ok(contents_.Load(state_, address));
}

Result Kernel::Store(Word address, std::uint8_t value) {
  const Result fault = FaultOf(state_, Contents::MayStore(state_, address));
  if (fault.error != 0) return fault;
  const Word b = state_.program_break.current;
  if (address >= b && address < RoundUp(b)) state_.Hit(Rule::B20);
  contents_.Store(state_, address, value);
  return Result::Ok(0);
}

Result Kernel::Pwrite(const Call& call) {
  std::vector<std::uint8_t> bytes;
  for (Word i = 0; i < call.length; ++i) bytes.push_back(static_cast<std::uint8_t>(call.value + i));
  contents_.Write(state_, state_.machine.descriptors.at(call.descriptor).object, call.offset, bytes);
  return Result::Ok(call.length);
}

}  // namespace breakproof::model
