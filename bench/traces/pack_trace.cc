#include "bench/traces/pack_trace.h"

#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "bench/traces/trace_format.h"

namespace breakproof::bench {
namespace {

using harness::Operation;
using harness::OperationKind;
using harness::Slot;
using model::Entry;

class Packer {
 public:
  void Add(const Operation& operation) {
    if (operation.kind != OperationKind::kCall) return;
    switch (operation.entry) {
      case Entry::kFree:
      case Entry::kFreeSized:
      case Entry::kFreeAlignedSized: return AddFree(operation);
      case Entry::kRealloc:
      case Entry::kReallocarray: return AddRealloc(operation);
      case Entry::kUsableSize: return;
      case Entry::kCalloc: return AddAllocation(operation, TraceKind::kCalloc);
      case Entry::kMalloc: return AddAllocation(operation, TraceKind::kMalloc);
      case Entry::kValloc:
      case Entry::kPvalloc: return AddAllocation(operation, TraceKind::kAligned, 4096);
      case Entry::kMemalign:
      case Entry::kAlignedAlloc:
      case Entry::kPosixMemalign: return AddAllocation(operation, TraceKind::kAligned, operation.alignment);
      default: break;
    }
    if (model::IsDelete(operation.entry)) return AddFree(operation);
    const bool is_aligned = model::Has(operation.entry, model::NewTrait::kAligned);
    AddAllocation(operation, is_aligned ? TraceKind::kAligned : TraceKind::kMalloc, is_aligned ? operation.alignment : 1);
  }

  std::string Packed() const {
    TraceHeader header = {};
    std::memcpy(header.magic, kTraceMagic, sizeof header.magic);
    header.operation_count = static_cast<std::uint32_t>(operations_.size());
    header.slot_count = slot_count_;
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(operations_.data()), operations_.size() * sizeof(TraceOperation));
    return bytes;
  }

 private:
  void AddAllocation(const Operation& operation, TraceKind kind, std::uint64_t alignment = 1) {
    // A block that nobody names is leaked; so is one whose name is assigned again.
    const std::uint32_t slot = TakeSlot();
    if (operation.result != harness::kNullSlot) slots_[operation.result] = slot;
    Append(kind, slot, operation.count * operation.size, std::bit_width(alignment) - 1);
  }

  void AddRealloc(const Operation& operation) {
    const auto old = slots_.find(operation.argument);
    const std::uint32_t slot = old == slots_.end() ? TakeSlot() : old->second;
    if (old != slots_.end()) slots_.erase(old);
    if (operation.result != harness::kNullSlot) slots_[operation.result] = slot;
    Append(TraceKind::kRealloc, slot, operation.count * operation.size, 0);
  }

  void AddFree(const Operation& operation) {
    const auto old = slots_.find(operation.argument);
    if (old == slots_.end()) return;  // free(NULL)
    Append(TraceKind::kFree, old->second, 0, 0);
    free_slots_.insert(old->second);
    slots_.erase(old);
  }

  std::uint32_t TakeSlot() {
    if (free_slots_.empty()) return slot_count_++;
    return free_slots_.extract(free_slots_.begin()).value();
  }

  void Append(TraceKind kind, std::uint32_t slot, std::uint64_t size, int alignment_log2) {
    operations_.push_back({kind, static_cast<std::uint8_t>(alignment_log2), 0, slot, size});
  }

  std::map<Slot, std::uint32_t> slots_;
  std::set<std::uint32_t> free_slots_;
  std::uint32_t slot_count_ = 0;
  std::vector<TraceOperation> operations_;
};

}  // namespace

std::string PackTrace(const harness::Case& c) {
  Packer packer;
  for (const Operation& operation : c.operations) packer.Add(operation);
  return packer.Packed();
}

}  // namespace breakproof::bench
