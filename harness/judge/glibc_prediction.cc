#include "harness/judge/glibc_prediction.h"

#include <cstdio>

namespace breakproof::harness {
namespace {

using model::KernelCallKind;
using model::KernelCall;
using model::glibc::Answer;
using model::glibc::PolicyRule;

std::string Hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string DescribeBlock(std::uint64_t address, std::uint64_t usable) {
  return address == 0 ? "NULL" : "a block at " + Hex(address) + ", usable " + std::to_string(usable);
}

// Which rule an observed call breaks that should not be there at all.
PolicyRule RuleAgainst(KernelCallKind kind) {
  switch (kind) {
    case KernelCallKind::kMmap: return PolicyRule::kP3;
    case KernelCallKind::kMunmap: return PolicyRule::kP17;
    case KernelCallKind::kMremap: return PolicyRule::kP30;
    case KernelCallKind::kMprotect: return PolicyRule::kP34;
    case KernelCallKind::kMadvise: return PolicyRule::kP16;
    default: return PolicyRule::kP14;
  }
}

// Compares each predicted call with the next observed one of the same operation, then hands out its result.
class Comparison final : public model::glibc::Kernel {
 public:
  explicit Comparison(std::span<const LogRecord> calls) : calls_(calls) {}

  void Begin(std::size_t operation) { operation_ = operation; }

  Answer Ask(const KernelCall& call, PolicyRule because) override {
    if (difference_) return {};  // out of step: the rest of this operation means nothing
    ++predicted_;
    if (!HasNext()) {
      Differ(DescribeCall(call), "no further call", because);
      return {};
    }
    const LogRecord& record = calls_[next_];
    if (!(record.call == call)) {
      Differ(DescribeCall(call), DescribeCall(record.call), because);
      return {};
    }
    ++next_;
    return {record.error == 0, record.result};
  }

  void End() {
    if (difference_ || !HasNext()) return;
    const KernelCall& surplus = calls_[next_].call;
    Differ("no further call", DescribeCall(surplus), RuleAgainst(surplus.kind));
  }

  void Differ(std::string expected, std::string actual, PolicyRule rule) {
    difference_ = Difference{operation_, std::move(expected), std::move(actual), rule};
  }

  const std::optional<Difference>& difference() const { return difference_; }
  std::uint64_t predicted() const { return predicted_; }
  std::uint64_t compared() const { return next_; }

 private:
  bool HasNext() const { return next_ < calls_.size() && calls_[next_].operation == operation_; }

  std::span<const LogRecord> calls_;
  std::size_t next_ = 0;
  std::size_t operation_ = 0;
  std::uint64_t predicted_ = 0;
  std::optional<Difference> difference_;
};

class Lockstep {
 public:
  Lockstep(const Case& c, std::span<const Outcome> outcomes, std::span<const LogRecord> calls,
           const model::glibc::Constants& constants)
      : case_(c), outcomes_(outcomes), comparison_(calls), predictor_(comparison_, constants) {
    prediction_.observed = calls.size();
  }

  Prediction Run() {
    for (std::size_t i = 0; i < case_.operations.size() && !IsOver(); ++i) {
      if (case_.operations[i].thread != 0) {
        prediction_.on_other_threads = case_.operations.size() - i;
        prediction_.observed = comparison_.compared();
        break;
      }
      comparison_.Begin(i);
      Apply(case_.operations[i], outcomes_[i]);
      comparison_.End();
      if (!comparison_.difference()) ++prediction_.operations;
    }
    prediction_.predicted = comparison_.predicted();
    prediction_.difference = comparison_.difference();
    prediction_.differing = prediction_.difference ? 1 : 0;
    prediction_.exercised = predictor_.exercised();
    return std::move(prediction_);
  }

 private:
  bool IsOver() const { return prediction_.is_aborted || comparison_.difference(); }

  void Apply(const Operation& operation, const Outcome& outcome) {
    if (operation.kind == OperationKind::kMallopt) predictor_.Set(operation.option, operation.size);
    if (operation.kind == OperationKind::kSbrk) predictor_.MoveBreak(static_cast<std::int64_t>(operation.size));
    if (operation.kind != OperationKind::kCall) return;
    if (outcome.argument != 0 && !predictor_.IsLive(outcome.argument)) {
      comparison_.Differ("a live block as argument", Hex(outcome.argument), PolicyRule::kP2);
      return;
    }
    const std::uint64_t address = predictor_.Perform({.entry = operation.entry,
                                                      .size = operation.size,
                                                      .count = operation.count,
                                                      .alignment = operation.alignment,
                                                      .address = outcome.argument});
    if (comparison_.difference()) return;
    prediction_.is_aborted = predictor_.is_aborted();
    const bool has_returned = outcome.stage > Stage::kCalling;
    if (has_returned == prediction_.is_aborted) {
      comparison_.Differ(has_returned ? "glibc aborts" : "the call returns", has_returned ? "it returns" : "it does not",
                         PolicyRule::kP10);
    }
    if (IsOver() || !AssignsSlot(operation.entry)) return;
    ++prediction_.blocks;
    const std::uint64_t usable = address == 0 ? 0 : predictor_.UsableSize(address);
    const bool is_unasked = outcome.usable == 0;  // of a block that is left untouched
    if (address == outcome.address && (address == 0 || is_unasked || usable == outcome.usable)) return;
    comparison_.Differ(DescribeBlock(address, usable), DescribeBlock(outcome.address, outcome.usable), PolicyRule::kP2);
  }

  const Case& case_;
  std::span<const Outcome> outcomes_;
  Comparison comparison_;
  model::glibc::Predictor predictor_;
  Prediction prediction_;
};

}  // namespace

std::string DescribeCall(const KernelCall& call) {
  const std::string at = " at " + Hex(call.address);
  const std::string length = " " + std::to_string(call.length) + " bytes";
  const std::string name = model::NameOf(call.kind);
  switch (call.kind) {
    case KernelCallKind::kBrk: return call.address == 0 ? "brk, asking where it is" : "brk to " + Hex(call.address);
    case KernelCallKind::kMmap: return name + length + (call.address == 0 ? "" : at) + ", detail " + Hex(call.detail);
    case KernelCallKind::kMunmap: return name + length + at;
    case KernelCallKind::kMremap: return name + length + at + " to " + std::to_string(call.new_length);
    default: return name + length + at + ", detail " + Hex(call.detail);
  }
}

Prediction PredictGlibc(const Case& c, std::span<const Outcome> outcomes, std::span<const LogRecord> calls,
                        const model::glibc::Constants& constants) {
  return Lockstep(c, outcomes, calls, constants).Run();
}

}  // namespace breakproof::harness
