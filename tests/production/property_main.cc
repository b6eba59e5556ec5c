// RapidCheck: whatever sequence of operations, on the production allocator in lock step with the models, over a kernel
// that refuses calls and on a break that others move, no rule is broken.
//
// The seed is printed, a counterexample is shrunk and printed with what reproduces it; both are taken back:
// RC_PARAMS="seed=N", RC_PARAMS="reproduce=...". RC_PARAMS="max_success=N" tries so many sequences.
#include <rapidcheck.h>

#include <algorithm>
#include <tuple>

#include "harness/case/case_text.h"
#include "harness/production/simulated_run.h"

using namespace breakproof;
using namespace breakproof::harness;

namespace {

using model::Entry;

// Sizes about which something changes, each a little to either side too.
rc::Gen<std::uint64_t> Size() {
  const auto around = rc::gen::apply(
      [](std::uint64_t boundary, std::uint64_t distance) { return boundary + distance - 2; },
      rc::gen::element<std::uint64_t>(16, 1024, 4096, 32768, 131072, 262144, 1 << 20), rc::gen::inRange<std::uint64_t>(0, 5));
  return rc::gen::weightedOneOf<std::uint64_t>({{4, rc::gen::inRange<std::uint64_t>(0, 2000)},
                                                {3, around},
                                                {1, rc::gen::inRange<std::uint64_t>(0, 3 << 20)}});
}

rc::Gen<Operation> Step() {
  constexpr std::uint32_t kSlots = 12;
  constexpr int kThreads = 8;
  return rc::gen::apply(
      [](int kind, std::uint32_t slot, int thread, std::uint64_t size, std::uint64_t alignment) {
        constexpr Entry kEntries[] = {Entry::kMalloc, Entry::kMalloc, Entry::kFree, Entry::kFree, Entry::kFree,
                                      Entry::kRealloc, Entry::kCalloc, Entry::kPosixMemalign, Entry::kUsableSize};
        Operation operation;
        operation.thread = static_cast<std::uint8_t>(thread);
        if (kind >= 9) {  // the program itself moves the break, a thread ends
          operation.kind = kind == 9 ? OperationKind::kSbrk : OperationKind::kThreadExit;
          operation.size = kind == 9 ? alignment * 24 : 0;
          if (operation.kind == OperationKind::kThreadExit && thread == 0) operation.kind = OperationKind::kCheck;
          return operation;
        }
        operation.entry = kEntries[kind];
        if (AssignsSlot(operation.entry)) operation.result = slot, operation.size = size;
        if (ReadsSlot(operation.entry)) operation.argument = slot;
        if (TakesAlignment(operation.entry)) operation.alignment = alignment;
        return operation;
      },
      rc::gen::inRange(0, 11), rc::gen::inRange<std::uint32_t>(0, kSlots), rc::gen::inRange(0, kThreads), Size(),
      rc::gen::element<std::uint64_t>(8, 16, 64, 4096, 8192, 65536));
}

}  // namespace

int main() {
  SimulatedRun run(Crashes::kAreViolations);
  const bool holds = rc::check("no rule is broken by any sequence in any environment", [&run] {
    const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(
        kEnvironmentBytes, rc::gen::weightedOneOf<std::uint8_t>({{2, rc::gen::just<std::uint8_t>(0)}, {1, rc::gen::arbitrary<std::uint8_t>()}}));
    Case c;
    c.operations = *rc::gen::scale(4.0, rc::gen::container<std::vector<Operation>>(Step()));
    NameSlots(&c);
    c.environment = DecodeEnvironment(bytes.data(), bytes.size());
    const Judgement judgement = run.Run(c).judgement;
    if (judgement.violations.empty()) return;
    const CaseViolation& first = judgement.violations.front();
    RC_LOG() << PrintCase(c) << "rule " << model::TextOf(first.what.rule).id
             << " broken by operation " << first.operation + 1 << ": expected " << first.what.expected << ", actual "
             << first.what.actual << "\n";
    RC_FAIL("a rule is broken");
  });
  return holds ? 0 : 1;
}
