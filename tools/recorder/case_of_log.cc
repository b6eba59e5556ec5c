#include "tools/recorder/case_of_log.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "tools/recorder/log_layout.h"

namespace breakproof::tools {
namespace {

using harness::Operation;
using harness::OperationKind;
using harness::Slot;

constexpr std::size_t kOperationsBetweenChecks = 4096;

class Converter {
 public:
  void Add(std::uint32_t index, const Event& event) {
    switch (event.kind.load()) {
      case EventKind::kAllocated: return Allocated(event);
      case EventKind::kFreed: return Freed(event);
      case EventKind::kReallocBegins: return ReallocBegins(index, event);
      case EventKind::kReallocEnds: return ReallocEnds(event);
      case EventKind::kNone: return;
    }
  }

  harness::Case Finish() {
    AddCheck();
    harness::NameSlots(&case_);
    return harness::WithFreshNames(case_);
  }

  bool IsEmpty() const { return case_.operations.empty(); }

 private:
  static Operation OperationOf(const Event& event) {
    Operation operation;
    operation.entry = event.entry;
    // t0 is the first; the others share fifteen names.
    operation.thread = static_cast<std::uint8_t>(
        event.thread == 0 ? 0 : 1 + (event.thread - 1) % (harness::kMaxThreads - 1));
    operation.size = event.size;
    if (harness::TakesCount(event.entry)) operation.count = event.other;
    if (harness::TakesAlignment(event.entry)) operation.alignment = event.other;
    return operation;
  }

  void Emit(const Operation& operation) {
    case_.operations.push_back(operation);
    if (case_.operations.size() % kOperationsBetweenChecks == 0) AddCheck();
  }

  void AddCheck() {
    Operation check;
    check.kind = OperationKind::kCheck;
    case_.operations.push_back(check);
  }

  Slot NewSlot(std::uint64_t address) {
    Slot slot = next_slot_;
    if (free_.empty()) {
      ++next_slot_;
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    slots_[address] = slot;
    return slot;
  }

  void Allocated(const Event& event) {
    Operation operation = OperationOf(event);
    operation.result = NewSlot(event.address);
    Emit(operation);
  }

  void Freed(const Event& event) {
    const auto slot = slots_.find(event.address);
    if (slot == slots_.end()) return;  // made before the recording, or not by the family
    Operation operation = OperationOf(event);
    operation.size = 0;
    operation.argument = slot->second;
    Emit(operation);
    free_.push_back(slot->second);
    slots_.erase(slot);
  }

  void ReallocBegins(std::uint32_t index, const Event& event) {
    const auto slot = slots_.find(event.address);
    if (slot == slots_.end()) return;
    reallocated_[index] = {slot->second, event.address};
    slots_.erase(slot);
  }

  void ReallocEnds(const Event& event) {
    Operation operation = OperationOf(event);
    const auto old = reallocated_.find(event.begins);
    if (old == reallocated_.end()) {  // realloc(NULL, n), or a block that is not known
      if (event.address == 0) return;
      operation.result = NewSlot(event.address);
      Emit(operation);
      return;
    }
    const auto [slot, old_address] = old->second;
    reallocated_.erase(old);
    operation.argument = operation.result = slot;
    Emit(operation);
    if (event.address != 0) {
      slots_[event.address] = slot;
    } else if (event.size != 0) {
      slots_[old_address] = slot;  // it failed, the block stays
    } else {
      free_.push_back(slot);
    }
  }

  struct Reallocated {
    Slot slot;
    std::uint64_t address;
  };

  harness::Case case_;
  std::unordered_map<std::uint64_t, Slot> slots_;  // by address
  std::unordered_map<std::uint32_t, Reallocated> reallocated_;  // by index of the beginning event
  std::vector<Slot> free_;
  Slot next_slot_ = 0;
};

}  // namespace

std::optional<Recording> CaseOfLog(std::string_view bytes) {
  if (bytes.size() < kRecorderHeaderBytes) return std::nullopt;
  const auto* header = reinterpret_cast<const RecorderHeader*>(bytes.data());
  if (std::memcmp(header->magic, kRecorderMagic, sizeof kRecorderMagic) != 0) return std::nullopt;
  const std::uint64_t room = (bytes.size() - kRecorderHeaderBytes) / sizeof(Event);
  const std::uint64_t reserved = header->next.load();
  const std::uint64_t count = std::min({reserved, header->limit, room});
  const auto* events = reinterpret_cast<const Event*>(bytes.data() + kRecorderHeaderBytes);
  Converter converter;
  for (std::uint32_t i = 0; i < count; ++i) converter.Add(i, events[i]);
  if (converter.IsEmpty()) return std::nullopt;
  Recording recording;
  recording.program = std::string(header->program, strnlen(header->program, sizeof header->program));
  recording.is_complete = count < header->limit;
  recording.c = converter.Finish();
  return recording;
}

}  // namespace breakproof::tools
