#include <algorithm>

#include "fuzz/mutator/any_operation.h"
#include "fuzz/mutator/mutations.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::fuzz {

using namespace harness;

namespace {

bool Takes(const Operation& operation, std::uint64_t Operation::*field) {
  return std::ranges::any_of(RowOf(operation).Operands(), [&](const Operand& operand) { return operand.field == field; });
}

bool ReadsASlot(const Operation& operation) {
  return std::ranges::any_of(RowOf(operation).Operands(), [](const Operand& operand) { return operand.form == Form::kSlot; });
}

}  // namespace

void MoveSizeToBoundary(Case& c, Random& random, std::size_t) {
  const std::size_t i = AnyThat(c, random, [](const Operation& o) { return Takes(o, &Operation::size); });
  if (i == c.operations.size()) return;
  Operation& operation = c.operations[i];
  operation.size = BoundarySize(c, random);
  if (operation.kind == OperationKind::kMallopt) operation.size &= INT32_MAX;
}

void NudgeSize(Case& c, Random& random, std::size_t) {
  const std::size_t i = AnyThat(c, random, [](const Operation& o) { return Takes(o, &Operation::size); });
  if (i == c.operations.size()) return;
  Operation& operation = c.operations[i];
  switch (random.Below(5)) {
    case 0: operation.size += random.Between(1, 32); break;
    case 1: operation.size -= random.Between(1, 32); break;
    case 2: operation.size *= 2; break;
    case 3: operation.size /= 2; break;
    default: operation.size = c.operations[random.Below(c.operations.size())].size;
  }
  if (operation.kind == OperationKind::kMallopt) operation.size &= INT32_MAX;
}

void MoveAlignmentToBoundary(Case& c, Random& random, std::size_t) {
  const std::size_t i = AnyThat(c, random, [](const Operation& o) { return Takes(o, &Operation::alignment); });
  if (i == c.operations.size()) return;
  const std::uint64_t power = 1ull << (random.OneIn(3) ? random.Below(64) : random.Between(3, 22));
  c.operations[i].alignment = random.OneIn(4) ? power + random.Below(3) - 1 : power;
}

void ChangeCount(Case& c, Random& random, std::size_t) {
  const std::size_t i = AnyThat(c, random, [](const Operation& o) { return Takes(o, &Operation::count); });
  if (i == c.operations.size()) return;
  Operation& operation = c.operations[i];
  // A product that is just below, at or above a wrap.
  const bool wraps = operation.size > 1 && random.OneIn(3);
  operation.count = wraps ? SIZE_MAX / operation.size + random.Below(3) : random.Below(random.OneIn(2) ? 4 : 300);
}

// A free, realloc or touch of another block that is live there.
void Retarget(Case& c, Random& random, std::size_t) {
  const std::size_t i = AnyThat(c, random, ReadsASlot);
  if (i == c.operations.size()) return;
  const std::vector<Slot> live = LiveSlots(c, i);
  if (live.empty()) return;
  Operation& operation = c.operations[i];
  const bool in_place = operation.result == operation.argument;
  operation.argument = live[random.Below(live.size())];
  if (in_place && operation.result != kNullSlot) operation.result = operation.argument;
}

// What the program writes into a block, or into all of them: one block that is left alone seldom matters.
void ChangeContent(Case& c, Random& random, std::size_t) {
  const Content content = AnyContent(random);
  if (random.OneIn(3)) {
    const Content other = random.OneIn(2) ? Content::kUntouched : AnyContent(random);
    for (Operation& operation : c.operations) {
      if (RowOf(operation).Assigns()) operation.content = random.OneIn(2) ? content : other;
    }
    return;
  }
  const std::size_t i = AnyThat(c, random, [](const Operation& o) {
    return RowOf(o).Assigns() || o.kind == OperationKind::kWrite;
  });
  if (i < c.operations.size()) c.operations[i].content = content;
}

void ChangeEntry(Case& c, Random& random, std::size_t) {
  const std::size_t i = AnyThat(c, random, [](const Operation& o) { return o.kind == OperationKind::kCall; });
  if (i == c.operations.size()) return;
  const Operation old = c.operations[i];
  Operation changed = AnyOperation(c, i, random);
  if (changed.kind != OperationKind::kCall) return;
  changed.thread = old.thread;
  if (Takes(changed, &Operation::size) && AssignsSlot(old.entry)) changed.size = old.size;
  if (RowOf(changed).Assigns() && AssignsSlot(old.entry)) changed.result = old.result;
  if (ReadsSlot(changed.entry) && ReadsSlot(old.entry)) changed.argument = old.argument;
  c.operations[i] = changed;
}

}  // namespace breakproof::fuzz
