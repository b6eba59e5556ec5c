#include "fuzz/mutator/any_operation.h"
#include "fuzz/mutator/mutations.h"

namespace breakproof::fuzz {

using namespace harness;

void ChangeThread(Case& c, Random& random, std::size_t) {
  if (c.operations.empty()) return;
  const Stretch stretch = AnyStretch(c, random, SIZE_MAX);
  const auto thread = static_cast<std::uint8_t>(random.OneIn(8) ? random.Below(kMaxThreads) : random.Below(4));
  for (std::size_t i = stretch.begin; i < stretch.end; ++i) {
    Operation& operation = c.operations[i];
    if (operation.kind != OperationKind::kThreadExit || thread != 0) operation.thread = thread;
  }
}

// What a process or a thread does first takes other paths than what it does later.
void NewThreadFirst(Case& c, Random& random, std::size_t most) {
  if (Room(c, most) == 0) return;
  Operation first = AnyOperation(c, 0, random);
  first.thread = static_cast<std::uint8_t>(random.Between(1, 3));
  if (random.OneIn(3)) first.kind = OperationKind::kThreadStart;
  if (first.kind == OperationKind::kThreadStart) first = {.kind = first.kind, .thread = first.thread};
  c.operations.insert(c.operations.begin(), first);
}

void ExitThread(Case& c, Random& random, std::size_t most) {
  if (Room(c, most) == 0) return;
  const std::size_t i = AnyThat(c, random, [](const Operation& o) { return o.thread != 0; });
  if (i == c.operations.size()) return;
  const Operation exit = {.kind = OperationKind::kThreadExit, .thread = c.operations[i].thread};
  c.operations.insert(At(c, i + 1), exit);
}

void ToggleRefusal(Case& c, Random& random, std::size_t most) {
  auto& refusals = c.environment.refusals;
  constexpr std::size_t kMost = 4;
  switch (random.Below(4)) {
    case 0:
      if (Room(c, most) > 0) {
        const std::size_t position = random.Below(c.operations.size() + 1);
        Operation refuse = {.kind = OperationKind::kRefuse};
        refuse.call_type = static_cast<std::uint8_t>(random.Below(kCallTypes + 1));
        refuse.size = random.Pick<std::uint64_t>({0, 1, 1, 2, UINT64_MAX});
        c.operations.insert(At(c, position), refuse);
      }
      return;
    case 1:
      if (!refusals.empty()) refusals.erase(refusals.begin() + static_cast<std::ptrdiff_t>(random.Below(refusals.size())));
      return;
    case 2:
      if (!refusals.empty()) refusals[random.Below(refusals.size())].call = 1 + random.Below(60);
      return;
    default:
      if (refusals.size() < kMost) refusals.push_back(AnyRefusal(random));
  }
}

void ChangeBreak(Case& c, Random& random, std::size_t) {
  if (random.OneIn(2)) {
    c.environment.gap_before_growth = random.Pick<std::uint64_t>({0, 0, 1, 4096, 10000, 65536});
  } else if (random.OneIn(3)) {
    c.environment.break_room.reset();
  } else {
    c.environment.break_room = random.Below(64) * 65536;
  }
}

}  // namespace breakproof::fuzz
