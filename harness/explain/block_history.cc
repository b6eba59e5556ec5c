#include "harness/explain/block_history.h"

#include <algorithm>

#include "model/heap/contract.h"

namespace breakproof::harness {

std::uint64_t PayloadOf(const Operation& operation) {
  return model::ContractOf({.entry = operation.entry,
                            .size = operation.size,
                            .count = operation.count,
                            .alignment = operation.alignment})
      .payload;
}

void BlockHistory::AdvanceTo(std::size_t performed) {
  for (; performed_ < std::min(performed, trace_.outcomes.size()); ++performed_) {
    Step(static_cast<std::uint32_t>(performed_));
  }
}

std::uint64_t BlockHistory::live_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [maker, block] : live_) bytes += block.payload;
  return bytes;
}

void BlockHistory::End(std::uint32_t maker, std::uint32_t by) {
  const auto found = live_.find(maker);
  if (found == live_.end()) return;
  dead_.push_back({found->second, by});
  live_.erase(found);
}

void BlockHistory::Step(std::uint32_t index) {
  const Operation& operation = trace_.c.operations[index];
  const Outcome& outcome = trace_.outcomes[index];
  const bool has_returned = outcome.stage > Stage::kCalling;
  if (operation.kind != OperationKind::kCall || !has_returned) return;
  const bool reads = ReadsSlot(operation.entry) && operation.argument != kNullSlot;
  const std::uint32_t old_block = reads ? slots_[operation.argument] : kNoBlock;
  const bool is_freed = model::Frees(operation.entry) ||
                        (Reallocates(operation.entry) &&
                         (outcome.address != 0 || operation.size == 0 || operation.count == 0));
  if (old_block != kNoBlock && is_freed) {
    End(old_block, index);
    slots_[operation.argument] = kNoBlock;
  }
  if (!AssignsSlot(operation.entry)) return;
  const bool keeps_old = outcome.address == 0 && old_block != kNoBlock && operation.result == operation.argument;
  if (keeps_old && !is_freed) return;
  if (operation.result != kNullSlot) {
    if (slots_[operation.result] != kNoBlock) {
      const auto forgotten = live_.find(slots_[operation.result]);
      if (forgotten != live_.end()) forgotten->second.slot.clear();
    }
    slots_[operation.result] = outcome.address != 0 ? index : kNoBlock;
  }
  if (outcome.address == 0) return;
  const std::uint64_t payload = PayloadOf(operation);
  constexpr std::uint64_t kPlausible = 64ull << 20;  // more slack than this is a wrong answer, not memory
  const bool is_plausible = outcome.usable >= payload && outcome.usable - payload <= kPlausible;
  live_[index] = {.maker = index,
                  .address = outcome.address,
                  .payload = payload,
                  .usable = is_plausible ? outcome.usable : payload,
                  .slot = operation.result == kNullSlot ? "" : trace_.c.slot_names[operation.result]};
}

}  // namespace breakproof::harness
