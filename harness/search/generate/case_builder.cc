#include "harness/search/generate/case_builder.h"

namespace breakproof::harness {

using model::Entry;

CaseBuilder::CaseBuilder(Random random, EntrySet entries, std::uint32_t most_operations,
                         std::uint64_t live_budget, int threads)
    : random_(random),
      entries_(entries),
      most_operations_(most_operations),
      live_budget_(live_budget),
      threads_(threads) {}

void CaseBuilder::DrawContents(Random random) {
  contents_ = random;
  habit_ = contents_.Pick<Habit>({Habit::kPattern, Habit::kPattern, Habit::kAnything, Habit::kAnything, Habit::kLeaveAlone,
                                  Habit::kHostile});
}

// What realloc has moved is seldom written anew.
Content CaseBuilder::NextContent(bool is_resized) {
  if (habit_ == Habit::kPattern) return Content::kPattern;
  if (is_resized && !contents_.OneIn(4)) return Content::kUntouched;
  if (habit_ == Habit::kLeaveAlone && !contents_.OneIn(8)) return Content::kUntouched;
  if (habit_ == Habit::kHostile && !contents_.OneIn(8)) return contents_.OneIn(2) ? Content::kHostile : Content::kUntouched;
  return contents_.OneIn(3) ? Content::kPattern : static_cast<Content>(contents_.Below(kContents));
}

// Now and then one block is copied into another, or written anew.
void CaseBuilder::MoveBytes() {
  if (habit_ == Habit::kPattern || live_.empty() || IsFull() || !contents_.OneIn(6)) return;
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = contents_.OneIn(3) ? OperationKind::kWrite : OperationKind::kCopy;
  operation.argument = live_[contents_.Below(live_.size())];
  if (operation.kind == OperationKind::kCopy) {
    operation.result = contents_.OneIn(2) ? live_.back() : live_[contents_.Below(live_.size())];
  } else {
    operation.content = NextContent(false);
  }
  case_.operations.push_back(operation);
}

int CaseBuilder::AnotherThread(int thread) {
  if (threads_ == 1) return thread;
  const auto step = 1 + static_cast<int>(random_.Below(static_cast<std::uint64_t>(threads_ - 1)));
  return (thread + step) % threads_;
}

Operation CaseBuilder::NewOperation(Entry entry) const {
  Operation operation;
  operation.entry = entry;
  operation.thread = thread_;
  return operation;
}

void CaseBuilder::ExitThread() {
  if (thread_ == 0) return;
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = OperationKind::kThreadExit;
  case_.operations.push_back(operation);
  thread_ = 0;
}

void CaseBuilder::Check() {
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = OperationKind::kCheck;
  case_.operations.push_back(operation);
}

void CaseBuilder::SetOption(model::Option option, std::uint64_t value) {
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = OperationKind::kMallopt;
  operation.option = option;
  operation.size = value;
  case_.operations.push_back(operation);
}

void CaseBuilder::MoveBreak(std::int64_t bytes) {
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = OperationKind::kSbrk;
  operation.size = static_cast<std::uint64_t>(bytes);
  case_.operations.push_back(operation);
}

void CaseBuilder::Refuse(int type, std::uint64_t calls) {
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = OperationKind::kRefuse;
  operation.call_type = static_cast<std::uint8_t>(type);
  is_refusing_ = calls != 0;
  operation.size = calls;
  case_.operations.push_back(operation);
}

void CaseBuilder::MakeRoom(std::uint64_t size) {
  while (live_bytes_ + size > live_budget_ && !live_.empty()) Free(AnyLive());
}

Slot CaseBuilder::NewLiveSlot(std::uint64_t size, Entry maker) {
  Slot slot;
  if (free_slots_.empty()) {
    slot = static_cast<Slot>(size_of_.size());
    size_of_.push_back(0);
    maker_of_.push_back(maker);
    position_.push_back(0);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  size_of_[slot] = size;
  maker_of_[slot] = maker;
  position_[slot] = static_cast<std::uint32_t>(live_.size());
  live_.push_back(slot);
  live_bytes_ += size;
  return slot;
}

void CaseBuilder::Forget(Slot slot) {
  live_bytes_ -= size_of_[slot];
  const Slot last = live_.back();
  live_[position_[slot]] = last;
  position_[last] = position_[slot];
  live_.pop_back();
  position_[slot] = kNotLive;
  free_slots_.push_back(slot);
}

Slot CaseBuilder::Allocate(Entry entry, std::uint64_t size, std::uint64_t alignment) {
  MakeRoom(size + alignment);
  if (model::Throws(entry) && is_refusing_) entry = model::WithoutThrowing(entry);
  Operation operation = NewOperation(IsAllowed(entry) ? entry : Entry::kMalloc);
  operation.size = size;
  if (TakesAlignment(operation.entry)) operation.alignment = alignment;
  operation.content = NextContent(false);
  operation.result = NewLiveSlot(size, operation.entry);
  case_.operations.push_back(operation);
  MoveBytes();
  return operation.result;
}

Slot CaseBuilder::AllocateArray(Entry entry, std::uint64_t count, std::uint64_t size) {
  if (!IsAllowed(entry)) return Allocate(Entry::kMalloc, count * size);
  MakeRoom(count * size);
  Operation operation = NewOperation(entry);
  operation.count = count;
  operation.size = size;
  operation.content = NextContent(false);
  operation.result = NewLiveSlot(count * size, entry);
  case_.operations.push_back(operation);
  return operation.result;
}

void CaseBuilder::AllocateHopelessly(Entry entry, std::uint64_t count, std::uint64_t size,
                                     std::uint64_t alignment) {
  if (!IsAllowed(entry)) return;
  if (model::IsNew(entry)) case_.environment.has_cxx_runtime = true;
  Operation operation = NewOperation(entry);
  if (TakesCount(entry)) operation.count = count;
  if (TakesAlignment(entry)) operation.alignment = alignment;
  operation.size = size;
  // Should it succeed against expectation, the block is freed: it must not cost memory from here on.
  operation.result = NewLiveSlot(0, entry);
  case_.operations.push_back(operation);
  Free(operation.result);
}

void CaseBuilder::Reallocate(Slot slot, std::uint64_t size) {
  MakeRoom(size);
  if (!IsLive(slot) || model::IsNew(maker_of_[slot])) return;
  live_bytes_ += size - size_of_[slot];
  size_of_[slot] = size;
  const bool as_array = IsAllowed(Entry::kReallocarray) && random_.OneIn(16);
  Operation operation = NewOperation(as_array ? Entry::kReallocarray : Entry::kRealloc);
  operation.argument = operation.result = slot;
  operation.size = size;
  if (as_array && size % 8 == 0) {
    operation.count = size / 8;
    operation.size = 8;
  }
  maker_of_[slot] = operation.entry;
  operation.content = NextContent(true);
  case_.operations.push_back(operation);
  if (size == 0) Forget(slot);  // freed or tiny: not worth keeping track of
}

void CaseBuilder::ReallocateHopelessly(Slot slot, std::uint64_t size) {
  if (!IsLive(slot) || model::IsNew(maker_of_[slot])) return;
  Operation operation = NewOperation(Entry::kRealloc);
  operation.argument = operation.result = slot;
  operation.size = size;
  case_.operations.push_back(operation);
}

void CaseBuilder::Free(Slot slot) {
  if (IsLive(slot)) FreeBy(AnyFree(maker_of_[slot]), slot);
}

void CaseBuilder::FreeBy(Entry entry, Slot slot) {
  if (!IsLive(slot)) return;
  Operation operation = NewOperation(IsAllowed(entry) ? entry : Entry::kFree);
  operation.argument = slot;
  case_.operations.push_back(operation);
  Forget(slot);
}

// Now and then one of C23's, without a draw: what follows is the same whether the subject has them or not.
Entry CaseBuilder::AnyFree(Entry maker) const {
  const std::size_t turn = case_.operations.size() % 16;
  if (model::IsNew(maker)) return turn % 8 == 5 ? Entry::kDeleteNothrow : turn % 2 == 0 ? Entry::kDelete : Entry::kDeleteSized;
  const Entry entry = turn == 5 ? Entry::kFreeSized : turn == 11 ? Entry::kFreeAlignedSized : Entry::kFree;
  return IsAllowed(entry) ? entry : Entry::kFree;
}

void CaseBuilder::Touch(Slot slot, std::uint64_t offset, std::uint64_t length) {
  if (!IsLive(slot)) return;
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = OperationKind::kTouch;
  operation.argument = slot;
  operation.count = offset;
  operation.size = length;
  case_.operations.push_back(operation);
}

void CaseBuilder::Do(OperationKind kind, std::uint64_t size) {
  Operation operation = NewOperation(Entry::kMalloc);
  operation.kind = kind;
  operation.size = size;
  case_.operations.push_back(operation);
}

void CaseBuilder::FreeNull() { case_.operations.push_back(NewOperation(Entry::kFree)); }

void CaseBuilder::UsableSize(Slot slot) {
  if (!IsLive(slot) || !IsAllowed(Entry::kUsableSize)) return;
  Operation operation = NewOperation(Entry::kUsableSize);
  operation.argument = slot;
  case_.operations.push_back(operation);
}

void CaseBuilder::FreeEverything() {
  while (!live_.empty()) Free(live_.back());
}

Case CaseBuilder::Finish() {
  thread_ = 0;
  Check();
  NameSlots(&case_);
  return std::move(case_);
}

}  // namespace breakproof::harness
