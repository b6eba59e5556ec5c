#include "harness/judge/lock_step.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>

#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {
namespace {

using model::Entry;
using model::RuleId;
using model::Violation;

std::string Byte(std::uint64_t value) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02x", static_cast<unsigned>(value & 0xff));
  return text;
}

std::string HowItEnded(const RunResult& run) {
  std::string text;
  switch (run.end) {
    case RunEnd::kHung:
      return "does not return";
    case RunEnd::kExited:
      text = "ended the process with exit code " + std::to_string(run.exit_code);
      break;
    default:
      if (run.signal == SIGABRT) {
        text = "aborted";
      } else {
        const char* name = sigabbrev_np(run.signal);
        text = std::string("crashed with SIG") + (name != nullptr ? name : std::to_string(run.signal).c_str());
      }
  }
  if (run.output.empty()) return text;
  return text + ", saying '" + run.output.substr(run.output.rfind('\n') + 1) + "'";
}

}  // namespace

class LockStep::Implementation {
 public:
  Implementation(const Case& c, const RunResult& run, const SubjectFacts& facts, std::pmr::memory_resource* nodes)
      : case_(c), run_(run), facts_(facts), heap_(nodes) {}

  void Step(const Outcome& outcome) {
    JudgeOperation(case_.operations[index_], outcome);
    ++index_;
  }

  bool is_over() const { return is_over_; }
  model::HeapModel& heap() { return heap_; }

  void AddToLast(Violation violation) {
    --index_;
    AddGrave(std::move(violation));
    ++index_;
  }

  // After some violations what the harness writes may destroy anything: nothing later is evidence.
  void AddGrave(Violation violation) {
    const RuleId rule = violation.rule;
    is_over_ |= rule == RuleId::kH1 || rule == RuleId::kH3 || rule == RuleId::kH10 || rule == RuleId::kH11 ||
                rule == RuleId::kK9;
    Add(std::move(violation));
  }

  Judgement Finish() {
    if (!is_over_ && EndedEarly()) BlameBetweenOperations();
    for (std::size_t rule = 0; rule < model::kRuleBookSize; ++rule) {
      judgement_.exercised[rule] += heap_.exercised()[rule];
    }
    judgement_.errno_remarks = heap_.errno_remarks();
    return std::move(judgement_);
  }

 private:
  // Every operation that began came to an end, the process ended all the same: between operations threads
  // start and end, and the subject serves both.
  void BlameBetweenOperations() {
    if (index_ < case_.operations.size() && StartsThread(index_)) {
      Add({RuleId::kH0, "thread t" + std::to_string(case_.operations[index_].thread) + " starts", HowItEnded(run_)});
    } else if (index_ > 0) {
      --index_;
      const bool exits = case_.operations[index_].kind == OperationKind::kThreadExit;
      Add({RuleId::kH0, exits ? "the thread ends" : "the process goes on", HowItEnded(run_)});
    }
  }

  bool StartsThread(std::size_t index) const {
    const int thread = case_.operations[index].thread;
    if (thread == 0) return false;
    while (index-- > 0) {
      const Operation& before = case_.operations[index];
      if (before.thread == thread) return before.kind == OperationKind::kThreadExit;
    }
    return true;
  }

  bool EndedEarly() const {
    return run_.end == RunEnd::kCrashed || run_.end == RunEnd::kExited || run_.end == RunEnd::kHung;
  }

  void JudgeOperation(const Operation& operation, const Outcome& outcome) {
    const bool has_ended = outcome.stage == Stage::kDone;
    if (has_ended) ++judgement_.performed;
    CountBytesLookedAt(operation, outcome);
    if (IsBefore(outcome.finding)) Add(Describe(outcome, operation));
    if (operation.kind == OperationKind::kCall && outcome.stage > Stage::kCalling) ApplyToModel(operation, outcome);
    if (is_over_) return;
    if (!IsBefore(outcome.finding) && outcome.finding != Finding::kNone) Add(Describe(outcome, operation));
    if (!has_ended) {
      if (!EndsByException(operation, outcome)) Add(DescribeEnd(operation, outcome));
      is_over_ = true;
    }
  }

  // An operator new that may fail does so by throwing, and nobody catches it: std::terminate, or a subject that finds no
  // C++ runtime, aborts. What would come next is not seen, which is no fault.
  bool EndsByException(const Operation& operation, const Outcome& outcome) const {
    const bool throws = operation.kind == OperationKind::kCall && model::Throws(operation.entry);
    if (!throws || outcome.stage != Stage::kCalling || run_.end != RunEnd::kCrashed || run_.signal != SIGABRT) return false;
    const model::Contract contract = model::ContractOf(CallOf(operation, outcome));
    return contract.absurd || contract.beyond_limits || contract.may_refuse_alignment ||
           outcome.kernel == model::KernelDuringCall::kRefused;
  }

  void ApplyToModel(const Operation& operation, const Outcome& outcome) {
    const model::HeapCall call = CallOf(operation, outcome);
    model::HeapResponse response;
    response.address = outcome.address;
    response.status = outcome.status;
    response.errno_before = ErrnoBefore(operation);
    response.errno_after = outcome.errno_after;
    response.usable = outcome.usable;
    // A crash inside malloc_usable_size leaves it unanswered.
    response.usable_known = facts_.has_usable_size && outcome.stage > Stage::kAskingUsable && WasAsked(operation);
    response.kernel = outcome.kernel;
    std::vector<Violation> violations = heap_.Apply(call, response);
    judgement_.peak_live_bytes = std::max(judgement_.peak_live_bytes, heap_.live_bytes());
    for (Violation& violation : violations) {
      AddGrave(std::move(violation));
      if (is_over_) break;
    }
  }

  // As the executor does (executor.h).
  bool WasAsked(const Operation& operation) const {
    return operation.content != Content::kUntouched || facts_.usable_is_always_asked;
  }

  static model::HeapCall CallOf(const Operation& operation, const Outcome& outcome) {
    return {.entry = operation.entry,
            .size = operation.size,
            .count = operation.count,
            .alignment = operation.alignment,
            .address = outcome.argument};
  }

  void CountBytesLookedAt(const Operation& operation, const Outcome& outcome) {
    std::uint64_t blocks = 0;
    if (operation.kind == OperationKind::kCheck) blocks = heap_.blocks().size();
    if (operation.kind == OperationKind::kTouch && outcome.argument != 0) blocks = 1;
    if (operation.kind == OperationKind::kCall && outcome.argument != 0) {
      blocks = 1;
      Exercise(RuleId::kI1, 1);
      const bool failed = Reallocates(operation.entry) && outcome.address == 0;
      if (failed && operation.size != 0 && operation.count != 0) Exercise(RuleId::kH7, 1);
    }
    Exercise(RuleId::kT1, operation.kind == OperationKind::kFork && outcome.stage == Stage::kDone);
    Exercise(RuleId::kH4, blocks);
    if (facts_.has_usable_size) Exercise(RuleId::kH9, blocks);
    if (operation.kind == OperationKind::kCall && operation.entry == Entry::kCalloc && outcome.address != 0) {
      Exercise(RuleId::kH5, 1);
    }
  }

  static bool IsBefore(Finding finding) {
    return finding == Finding::kPayloadChanged || finding == Finding::kSlackChanged ||
           finding == Finding::kUsableChanged;
  }

  // "a, made by malloc 24 in operation 3"
  std::string MakerOf(std::uint32_t block) const {
    return "the block of '" + PrintMaker(block) + "' (operation " + std::to_string(block + 1) + ")";
  }

  std::string PrintMaker(std::uint32_t block) const {
    const Operation& maker = case_.operations.at(block);
    return model::Describe(CallOf(maker, Outcome{}));
  }

  static std::string HowChildEnded(std::uint64_t wait_status) {
    const auto status = static_cast<int>(wait_status);
    if (WIFSIGNALED(status)) return std::string("it was killed by SIG") + sigabbrev_np(WTERMSIG(status));
    return "it found a block changed, or exited with code " + std::to_string(WEXITSTATUS(status));
  }

  Violation Describe(const Outcome& outcome, const Operation& operation) const {
    const std::string at = "byte " + std::to_string(outcome.offset) + " of ";
    const std::string is = " is " + Byte(outcome.expected);
    const std::string call = model::Describe(CallOf(operation, outcome));
    switch (outcome.finding) {
      case Finding::kPayloadChanged:
        return {RuleId::kH4, at + MakerOf(outcome.block) + is, Byte(outcome.actual)};
      case Finding::kSlackChanged:
        return {RuleId::kH9, at + MakerOf(outcome.block) + ", beyond its payload but usable," + is,
                Byte(outcome.actual)};
      case Finding::kUsableChanged:
        return {RuleId::kH3, "the usable size of " + MakerOf(outcome.block) + " stays " +
                               std::to_string(outcome.expected),
                std::to_string(outcome.actual)};
      case Finding::kNotZero:
        return {RuleId::kH5, at + call + " is 0x00", Byte(outcome.actual)};
      case Finding::kNotWritten:
        return {RuleId::kH1, at + MakerOf(outcome.block) + is + ", as written a moment ago", Byte(outcome.actual)};
      case Finding::kChildFailed:
        return {RuleId::kT1, "the child frees every block, allocates, and exits with 0", HowChildEnded(outcome.actual)};
      case Finding::kPrefixLost:
        return {RuleId::kH4, at + call + "'s result" + is + ", kept from " + MakerOf(outcome.block),
                Byte(outcome.actual)};
      default:
        return {RuleId::kH7, at + MakerOf(outcome.block) + is + " after " + call + " failed",
                Byte(outcome.actual)};
    }
  }

  // The operation did not come to an end.
  Violation DescribeEnd(const Operation& operation, const Outcome& outcome) const {
    const model::HeapCall call = CallOf(operation, outcome);
    const bool is_call = operation.kind == OperationKind::kCall;
    const std::string name = is_call ? model::Describe(call) : RowOf(operation).word;
    const std::string ended = HowItEnded(run_);
    if (operation.kind == OperationKind::kFork && outcome.stage == Stage::kCalling) {
      return {RuleId::kT1, "fork returns, and its child ends", ended};
    }
    const bool allocates = is_call && AssignsSlot(operation.entry);
    switch (outcome.stage) {
      case Stage::kReadingBytes:
        return {RuleId::kH1, "live payloads can be read and written", "doing so " + ended};
      case Stage::kInspecting:
        if (outcome.address == 0) return {RuleId::kH7, "the old block is intact after " + name + " failed", "reading it " + ended};
        [[fallthrough]];
      case Stage::kWritingPayload:
        return {RuleId::kH1, "the payload of " + name + " can be read and written", "doing so " + ended};
      case Stage::kWritingSlack:
        return {RuleId::kH3, "every usable byte of " + name + " can be written", "doing so " + ended};
      case Stage::kAskingUsable:
      case Stage::kAskingUsableBefore:
        return {RuleId::kH0, "malloc_usable_size returns", ended};
      default:
        if (allocates && model::ContractOf(call).absurd) return {RuleId::kH8, name + " fails with ENOMEM", ended};
        if (allocates && model::ContractOf(call).alignment_invalid) {
          return {RuleId::kH8, name + " fails, or is served with a better alignment", ended};
        }
        return {RuleId::kH0, name + " returns", ended};
    }
  }

  void Exercise(RuleId rule, std::uint64_t times) {
    judgement_.exercised[static_cast<std::size_t>(rule)] += times;
  }

  // The same rule broken again by the same entry point says nothing new within one case.
  void Add(Violation violation) {
    const Operation& operation = case_.operations[index_];
    if (!seen_.insert({violation.rule, operation.kind, operation.entry}).second) return;
    judgement_.violations.push_back({index_, std::move(violation)});
  }

  const Case& case_;
  const RunResult& run_;
  const SubjectFacts facts_;
  model::HeapModel heap_;
  Judgement judgement_;
  std::set<std::tuple<RuleId, OperationKind, Entry>> seen_;
  std::size_t index_ = 0;
  bool is_over_ = false;
};

LockStep::LockStep(const Case& c, const RunResult& run, const SubjectFacts& facts, std::pmr::memory_resource* nodes)
    : implementation_(std::make_unique<Implementation>(c, run, facts, nodes)) {}

LockStep::~LockStep() = default;

void LockStep::Step(const Outcome& outcome) { implementation_->Step(outcome); }
bool LockStep::is_over() const { return implementation_->is_over(); }
model::HeapModel& LockStep::heap() { return implementation_->heap(); }
void LockStep::Add(model::Violation violation) { implementation_->AddToLast(std::move(violation)); }
void LockStep::AddToNext(model::Violation violation) { implementation_->AddGrave(std::move(violation)); }
Judgement LockStep::Finish() { return implementation_->Finish(); }

Judgement Judge(const Case& c, std::span<const Outcome> outcomes, const RunResult& run,
                const SubjectFacts& facts) {
  LockStep lock_step(c, run, facts);
  for (const Outcome& outcome : outcomes.first(c.operations.size())) {
    if (lock_step.is_over() || outcome.stage == Stage::kNotStarted) break;
    lock_step.Step(outcome);
  }
  return lock_step.Finish();
}

}  // namespace breakproof::harness
