#include <algorithm>

#include "fuzz/mutator/any_operation.h"
#include "fuzz/mutator/mutations.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::fuzz {

using namespace harness;
using Operations = std::vector<Operation>;

Stretch AnyStretch(const Case& c, Random& random, std::size_t longest) {
  const std::size_t count = c.operations.size();
  const std::size_t limit = std::min({count, longest, std::size_t{1} << random.Below(9)});
  const std::size_t length = random.Between(1, std::max<std::size_t>(limit, 1));
  const std::size_t begin = random.Below(count - length + 1);
  return {begin, begin + length};
}

void Insert(Case& c, Random& random, std::size_t most) {
  for (std::size_t i = std::min(Room(c, most), random.Between(1, 4)); i > 0; --i) {
    const std::size_t position = random.Below(c.operations.size() + 1);
    c.operations.insert(At(c, position), AnyOperation(c, position, random));
  }
}

void Delete(Case& c, Random& random, std::size_t) {
  if (c.operations.empty()) return;
  const Stretch stretch = AnyStretch(c, random, SIZE_MAX);
  c.operations.erase(At(c, stretch.begin), At(c, stretch.end));
}

namespace {

// As it is, or with slots of its own for what the stretch assigns.
Operations Copy(const Case& c, const Stretch& stretch, bool with_own_slots, Slot first_own) {
  Operations copy(c.operations.begin() + static_cast<std::ptrdiff_t>(stretch.begin),
                  c.operations.begin() + static_cast<std::ptrdiff_t>(stretch.end));
  if (!with_own_slots) return copy;
  std::vector<Slot> own;  // the n-th of these becomes first_own + n
  for (const Operation& operation : copy) {
    if (!RowOf(operation).Assigns() || operation.result == kNullSlot) continue;
    if (std::ranges::find(own, operation.result) == own.end()) own.push_back(operation.result);
  }
  const auto renamed = [&](Slot slot) {
    const auto found = std::ranges::find(own, slot);
    return found == own.end() ? slot : first_own + static_cast<Slot>(found - own.begin());
  };
  for (Operation& operation : copy) {
    if (operation.argument != kNullSlot) operation.argument = renamed(operation.argument);
    if (operation.result != kNullSlot) operation.result = renamed(operation.result);
  }
  return copy;
}

}  // namespace

void Duplicate(Case& c, Random& random, std::size_t most) {
  if (c.operations.empty() || Room(c, most) == 0) return;
  const Stretch stretch = AnyStretch(c, random, Room(c, most));
  const Operations copy = Copy(c, stretch, random.OneIn(2), FirstFreeSlot(c));
  c.operations.insert(At(c, random.Below(c.operations.size() + 1)), copy.begin(), copy.end());
}

// Many times over: a class is saturated, or the same path taken again and again. Mostly drained afterwards.
void Repeat(Case& c, Random& random, std::size_t most) {
  if (c.operations.empty()) return;
  const Stretch stretch = AnyStretch(c, random, random.OneIn(2) ? 1 : 8);
  const std::size_t room = Room(c, most) / stretch.length();
  const std::size_t times = std::min<std::size_t>(room, random.Pick<std::size_t>({2, 8, 40, 200, 600}));
  const bool with_own_slots = !random.OneIn(4);
  Operations copies;
  std::vector<Slot> assigned;
  Slot own = FirstFreeSlot(c);
  for (std::size_t i = 0; i < times; ++i) {
    for (const Operation& operation : Copy(c, stretch, with_own_slots, own)) {
      copies.push_back(operation);
      if (operation.result != kNullSlot) own = std::max(own, operation.result + 1);
      if (with_own_slots && RowOf(operation).Assigns() && operation.result != kNullSlot) assigned.push_back(operation.result);
    }
  }
  const std::size_t at = stretch.end;
  c.operations.insert(At(c, at), copies.begin(), copies.end());
  if (!with_own_slots || random.OneIn(3)) return;
  if (random.OneIn(2)) std::ranges::reverse(assigned);
  Operation free;
  free.entry = model::Entry::kFree;
  free.thread = static_cast<std::uint8_t>(random.OneIn(3) ? random.Below(4) : c.operations[at - 1].thread);
  Operations frees;
  for (const Slot slot : assigned) {
    if (frees.size() >= Room(c, most)) break;
    free.argument = slot;
    frees.push_back(free);
  }
  c.operations.insert(At(c, at + copies.size()), frees.begin(), frees.end());
}

void Reorder(Case& c, Random& random, std::size_t) {
  if (c.operations.size() < 2) return;
  if (random.OneIn(2)) {
    std::swap(c.operations[random.Below(c.operations.size())], c.operations[random.Below(c.operations.size())]);
    return;
  }
  const Stretch stretch = AnyStretch(c, random, SIZE_MAX);
  const Operations moved(At(c, stretch.begin), At(c, stretch.end));
  c.operations.erase(At(c, stretch.begin), At(c, stretch.end));
  c.operations.insert(At(c, random.Below(c.operations.size() + 1)), moved.begin(), moved.end());
}

}  // namespace breakproof::fuzz
