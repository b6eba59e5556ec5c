#include "tests/reference/model_system.h"

namespace breakproof::model::reference {

ModelSystem::ModelSystem(const Machine& machine, const KernelState& before, int refuse)
    : state_(machine), libc_{before.libc_break}, refuse_(refuse) {
  state_.space = before.space;
  state_.program_break.current = before.program_break;
}

bool ModelSystem::MayCall(Event event) {
  event.refused = ++calls_ == refuse_;
  refused_ |= event.refused;
  events_.push_back(event);
  return !event.refused;
}

bool ModelSystem::Settle(const Result& result) {
  std::vector<Effect> unseen;
  state_.space.TakeEffects(&unseen);
  events_.back().refused = result.error != 0;
  refused_ |= result.error != 0;
  return result.error == 0;
}

bool ModelSystem::MoveBreak(Word increment) {
  return MayCall({.kind = Kind::kMoveBreak, .length = increment}) &&
         Settle(LibcSbrk(state_, libc_, static_cast<std::int64_t>(increment)));
}

bool ModelSystem::Map(Word length, Word* start) {
  if (!MayCall({.kind = Kind::kMap, .length = length})) return false;
  const Result result = Mmap(state_, {0, length, kRead | kWrite, kPrivate | kAnonymous, -1, 0}, chooser_);
  if (!Settle(result)) return false;
  events_.back().to = *start = result.value;
  return true;
}

bool ModelSystem::Unmap(Word start, Word length) {
  return MayCall({.kind = Kind::kUnmap, .from = start, .length = length}) && Settle(Munmap(state_, start, length));
}

bool ModelSystem::Remap(Word* start, Word old_length, Word new_length) {
  if (!MayCall({.kind = Kind::kRemap, .from = *start, .length = old_length, .new_length = new_length})) return false;
  const Result result = Mremap(state_, {*start, old_length, new_length, kMayMove, 0}, chooser_);
  if (!Settle(result)) return false;
  events_.back().to = *start = result.value;
  return true;
}

void ModelSystem::Copy(Word to, Word from, Word bytes) {
  events_.push_back({.kind = Kind::kCopy, .to = to, .from = from, .length = bytes});
  if (!IsGranted(to, bytes) || !IsGranted(from, bytes)) crime_ = "copies where no memory is granted";
}

void ModelSystem::Clear(Word to, Word bytes) {
  if (bytes == 0) return;
  events_.push_back({.kind = Kind::kClear, .to = to, .length = bytes});
  if (!IsGranted(to, bytes)) crime_ = "clears where no memory is granted";
}

bool ModelSystem::IsGranted(Word start, Word length) const {
  // The break need not be a page boundary: what lies between it and the end of its page is nobody's.
  if (start + length > state_.program_break.current && start < RoundUp(state_.program_break.current) &&
      start >= state_.program_break.lowest)
    return false;
  Word next = start;
  while (next < start + length) {
    const std::optional<Area> area = state_.space.At(next);
    if (!area || area->attributes.protection != (kRead | kWrite) || !area->attributes.IsPrivateAnonymous()) return false;
    next = area->range.end;
  }
  return true;
}

}  // namespace breakproof::model::reference
