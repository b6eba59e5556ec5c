#include "harness/case/case.h"

#include <algorithm>
#include <map>

namespace breakproof::harness {
namespace {

std::uint32_t SlotsInUse(const std::vector<Operation>& operations) {
  std::uint32_t slots = 0;
  for (const Operation& operation : operations) {
    for (const Slot slot : {operation.result, operation.argument}) {
      if (slot != kNullSlot) slots = std::max(slots, slot + 1);
    }
  }
  return slots;
}

}  // namespace

std::string DefaultSlotName(Slot slot) {
  std::string name;
  for (std::uint64_t n = slot + 1ull; n > 0; n = (n - 1) / 26) {
    name.insert(name.begin(), static_cast<char>('a' + (n - 1) % 26));
  }
  // A case must not read as if a keyword or the null slot were meant.
  for (const char* word : {"null", "free", "exit", "check", "mallopt", "sbrk", "start", "touch", "clock", "refuse", "block", "fork", "kernel"}) {
    if (name == word) return name + "_";
  }
  return name;
}

void NameSlots(Case* c) {
  const std::uint32_t slots = SlotsInUse(c->operations);
  while (c->slot_names.size() < slots) {
    c->slot_names.push_back(DefaultSlotName(static_cast<Slot>(c->slot_names.size())));
  }
}

Case WithFreshNames(const Case& c) {
  Case fresh{.notes = c.notes, .operations = {}, .slot_names = {}, .environment = c.environment};
  fresh.operations.reserve(c.operations.size() + 1);  // fuzz targets append a final check
  fresh.operations = c.operations;
  std::map<Slot, Slot> renumbered;
  for (Operation& operation : fresh.operations) {
    for (Slot* slot : {&operation.argument, &operation.result}) {
      if (*slot == kNullSlot) continue;
      *slot = renumbered.try_emplace(*slot, static_cast<Slot>(renumbered.size())).first->second;
    }
  }
  NameSlots(&fresh);
  return fresh;
}

Case WithFinalCheck(Case c) {
  Operation check;
  check.kind = OperationKind::kCheck;
  c.operations.push_back(check);
  return c;
}

}  // namespace breakproof::harness
