// RapidCheck: whatever sequence of operations, any of the table, on the production allocator in lock step with the models, over a kernel
// that refuses calls and on a break that others move, no rule is broken.
//
// The seed is printed, a counterexample is shrunk and printed with what reproduces it; both are taken back:
// RC_PARAMS="seed=N", RC_PARAMS="reproduce=...". RC_PARAMS="max_success=N" tries so many sequences.
#include <rapidcheck.h>

#include "harness/case/case_text.h"
#include "harness/case/operation/operation_table.h"
#include "harness/subject/production/simulated_run.h"

using namespace breakproof;
using namespace breakproof::harness;

namespace {

// Sizes about which something changes, each a little to either side too.
rc::Gen<std::uint64_t> Size() {
  const auto around = rc::gen::apply(
      [](std::uint64_t boundary, std::uint64_t distance) { return boundary + distance - 2; },
      rc::gen::element<std::uint64_t>(16, 1024, 4096, 32768, 131072, 262144, 1 << 20), rc::gen::inRange<std::uint64_t>(0, 5));
  return rc::gen::weightedOneOf<std::uint64_t>({{4, rc::gen::inRange<std::uint64_t>(0, 2000)},
                                                {3, around},
                                                {1, rc::gen::inRange<std::uint64_t>(0, 3 << 20)}});
}

// Of all rows, the commoner ones more often.
const OperationRow& RowAt(int draw) {
  for (const OperationRow& row : kOperationTable) {
    draw -= row.weight;
    if (draw < 0) return row;
  }
  return kOperationTable.front();
}

struct Numbers {
  std::uint32_t slot;
  std::uint64_t size, alignment, small;
};

// An operand's value; sizes in the order of the fields that they go to.
void Set(const Operand& operand, const Numbers& numbers, Operation* operation) {
  switch (operand.form) {
    case Form::kSlot: operation->argument = numbers.slot; return;
    case Form::kOption: operation->option = static_cast<model::Option>(numbers.small % model::kOptionCount); return;
    case Form::kCallType: operation->call_type = static_cast<std::uint8_t>(numbers.small % (kCallTypes + 1)); return;
    case Form::kTarget: return;
    case Form::kContent:
    case Form::kContentIfAny: operation->content = static_cast<Content>(numbers.small % kContents); return;
    default: break;
  }
  const bool is_few = operation->kind == OperationKind::kRefuse || operand.field == &Operation::count;
  operation->*operand.field = operand.field == &Operation::alignment ? numbers.alignment : is_few ? numbers.small : numbers.size;
}

rc::Gen<Operation> Step() {
  constexpr std::uint32_t kSlots = 12;
  constexpr int kThreads = 8;
  return rc::gen::apply(
      [](int draw, int thread, std::uint32_t slot, std::uint64_t size, std::uint64_t alignment, std::uint64_t small) {
        const OperationRow& row = RowAt(draw);
        Operation operation;
        operation.kind = row.kind;
        operation.entry = row.entry;
        operation.thread = static_cast<std::uint8_t>(thread);
        if (row.kind == OperationKind::kThreadExit && thread == 0) operation.kind = OperationKind::kCheck;
        if (row.UsesResult()) operation.result = slot;
        for (const Operand& operand : row.Operands()) Set(operand, {slot, size, alignment, small}, &operation);
        return operation;
      },
      rc::gen::inRange(0, 256), rc::gen::inRange(0, kThreads), rc::gen::inRange<std::uint32_t>(0, kSlots), Size(),
      rc::gen::element<std::uint64_t>(8, 16, 64, 4096, 8192, 65536), rc::gen::inRange<std::uint64_t>(0, 7));
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
