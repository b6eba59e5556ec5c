#include "fuzz/mutator/any_operation.h"

#include <algorithm>
#include <set>

#include "harness/search/generate/sizes.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::fuzz {

using namespace harness;

namespace {

const OperationRow& AnyRow(Random& random) {
  int draw = static_cast<int>(random.Below(256));
  for (const OperationRow& row : kOperationTable) {
    draw -= row.weight;
    if (draw < 0) return row;
  }
  return kOperationTable.front();  // what is left of 256 belongs to records that are no operations
}

// Mostly the thread of the neighbours: a case with a switch at every operation is rarely the interesting one.
std::uint8_t AnyThread(const Case& c, std::size_t position, Random& random) {
  if (!c.operations.empty() && !random.OneIn(4)) {
    return c.operations[std::min(position, c.operations.size() - 1)].thread;
  }
  return static_cast<std::uint8_t>(random.OneIn(8) ? random.Below(kMaxThreads) : random.Below(4));
}

Slot AnyReadSlot(const Case& c, std::size_t position, Random& random) {
  const std::vector<Slot> live = LiveSlots(c, position);
  if (live.empty() || random.OneIn(30)) return kNullSlot;
  return random.OneIn(3) ? live.back() : live[random.Below(live.size())];
}

std::uint64_t AnySize(const Case& c, Random& random) {
  if (random.OneIn(20)) return PickAbsurdSize(random);
  return random.OneIn(3) ? BoundarySize(c, random) : PickSize(random);
}

}  // namespace

Content AnyContent(Random& random) { return static_cast<Content>(random.Below(kContents)); }

std::vector<Slot> LiveSlots(const Case& c, std::size_t end) {
  std::set<Slot> live;
  for (std::size_t i = 0; i < end && i < c.operations.size(); ++i) {
    const Operation& operation = c.operations[i];
    if (operation.kind != OperationKind::kCall) continue;
    if (model::Frees(operation.entry) || Reallocates(operation.entry)) live.erase(operation.argument);
    if (AssignsSlot(operation.entry) && operation.result != kNullSlot) live.insert(operation.result);
  }
  return {live.begin(), live.end()};
}

Slot FirstFreeSlot(const Case& c) {
  Slot first = 0;
  for (const Operation& operation : c.operations) {
    for (const Slot slot : {operation.result, operation.argument}) {
      if (slot != kNullSlot) first = std::max(first, slot + 1);
    }
  }
  return first;
}

std::uint64_t BoundarySize(const Case& c, Random& random) {
  std::uint64_t boundary = 0;
  switch (random.Below(8)) {
    case 0: boundary = 16 * random.Between(0, 64); break;                                    // fine classes
    case 1: boundary = (1ull << random.Between(4, 18)) / 4 * random.Between(4, 7); break;    // geometric classes
    case 2: boundary = 4096 * random.Between(1, 80); break;                                  // pages
    case 3: boundary = 1ull << random.Below(64); break;
    case 4: boundary = random.Pick<std::uint64_t>({SIZE_MAX, PTRDIFF_MAX, SIZE_MAX - 4096, 1ull << 47}); break;
    default: {  // the thresholds: of the case, if it sets any
      std::vector<std::uint64_t> thresholds = {128 << 10, 256 << 10, 2 * ((128 << 10) + 4096), 32 << 20};
      for (const Operation& operation : c.operations) {
        if (operation.kind == OperationKind::kMallopt) thresholds.push_back(operation.size);
        // What a freed mapping makes of them: twice its length.
        const bool is_large = operation.size >= (128 << 10) && operation.size <= (32 << 20);
        if (is_large && random.OneIn(8)) thresholds.push_back((operation.size + 4095) / 4096 * 8192);
      }
      boundary = thresholds[random.Below(thresholds.size())];
    }
  }
  return boundary + random.Below(3) - 1;
}

Operation AnyOperation(const Case& c, std::size_t position, Random& random) {
  const OperationRow& row = AnyRow(random);
  Operation operation;
  operation.kind = row.kind;
  operation.entry = row.entry;
  operation.thread = AnyThread(c, position, random);
  if (row.kind == OperationKind::kThreadExit && operation.thread == 0) operation.thread = 1;
  for (const Operand& operand : row.Operands()) {
    switch (operand.form) {
      case Form::kSlot: operation.argument = AnyReadSlot(c, position, random); break;
      case Form::kOption: operation.option = static_cast<model::Option>(random.Below(model::kOptionCount)); break;
      case Form::kCallType: operation.call_type = static_cast<std::uint8_t>(random.Below(kCallTypes + 1)); break;
      case Form::kTarget: operation.result = AnyReadSlot(c, position, random); break;
      case Form::kContent: operation.content = AnyContent(random); break;
      case Form::kContentIfAny: operation.content = random.OneIn(2) ? Content::kPattern : AnyContent(random); break;
      case Form::kInt: operation.size = BoundarySize(c, random) & INT32_MAX; break;
      case Form::kSigned: operation.size = random.OneIn(3) ? -random.Below(70000) : PickSmallSize(random); break;
      case Form::kNumber:
        if (operand.field == &Operation::alignment) {
          operation.alignment = random.OneIn(6) ? PickWildAlignment(random) : PickAlignment(random);
        } else if (operand.field == &Operation::count) {
          operation.count = random.OneIn(4) ? PickSmallSize(random) : random.Below(5);
        } else if (row.kind == OperationKind::kRefuse) {
          operation.size = random.Pick<std::uint64_t>({0, 1, 2, 3, 10, UINT64_MAX});
        } else if (row.kind == OperationKind::kClock) {
          operation.size = random.Below(30000);
        } else {
          operation.size = AnySize(c, random);
        }
    }
  }
  if (!row.Assigns()) return operation;
  const bool in_place = Reallocates(operation.entry) && operation.argument != kNullSlot && !random.OneIn(6);
  const Slot free_slot = FirstFreeSlot(c);
  operation.result = in_place                                   ? operation.argument
                     : free_slot > 0 && random.OneIn(5)         ? static_cast<Slot>(random.Below(free_slot))
                                                                : free_slot;
  return operation;
}

Refusal AnyRefusal(Random& random) {
  Refusal refusal;
  refusal.any_type = random.OneIn(4);
  refusal.type = refusal.any_type ? CallType::kBreak : static_cast<CallType>(random.Below(kCallTypes));
  refusal.call = 1 + random.Below(random.OneIn(3) ? 40 : 4);
  refusal.onwards = random.OneIn(3);
  return refusal;
}

}  // namespace breakproof::fuzz
