#include "tests/reference/prover.h"

namespace breakproof::model::reference {
namespace {

constexpr unsigned kPatienceMilliseconds = 30'000;

}  // namespace

Prover::Answer Prover::Ask(const TermBool& claim, const std::vector<TermWord>& wanted,
                           std::vector<std::uint64_t>* values) {
  ++outcome_.questions;
  for (const z3::expr& fact : TakeFacts()) solver_->add(fact);
  solver_->push();
  solver_->add(!claim.expr);
  const z3::check_result result = solver_->check();
  if (result == z3::sat && values != nullptr) {
    const z3::model model = solver_->get_model();
    for (const TermWord& word : wanted) values->push_back(model.eval(word.expr, true).get_numeral_uint64());
  }
  solver_->pop();
  return result == z3::unsat ? Answer::kHolds : result == z3::sat ? Answer::kFails : Answer::kUnknown;
}

bool Prover::IsPossible(const TermBool& condition) {
  switch (Ask(!condition)) {
    case Answer::kHolds: return false;
    case Answer::kFails: return true;
    case Answer::kUnknown: break;
  }
  outcome_.verdict = Verdict::kUnknown;
  outcome_.label = "whether a branch can be taken";
  throw GaveUp();
}

bool Prover::Decide(const TermBool& condition) {
  if (next_decision_ == decisions_.size()) {
    const bool can_be_true = IsPossible(condition);
    const bool can_be_false = !can_be_true || IsPossible(!condition);
    decisions_.push_back({can_be_true, can_be_true && can_be_false});
  }
  const bool taken = decisions_[next_decision_++].taken;
  Assume(taken ? condition : !condition);
  return taken;
}

bool Prover::NextPath() {
  while (!decisions_.empty() && !decisions_.back().other_possible) decisions_.pop_back();
  if (decisions_.empty()) return false;
  decisions_.back() = {!decisions_.back().taken, false};
  return true;
}

Prover::Outcome Prover::Explore(const std::function<void(Prover&)>& body) {
  outcome_ = {};
  decisions_.clear();
  try {
    do {
      solver_.emplace(TheContext());
      if (getenv("SIMPLE")) solver_.emplace(TheContext(), z3::solver::simple());
      if (getenv("AS")) solver_->set("arith.solver", (unsigned)atoi(getenv("AS")));
      solver_->set("timeout", kPatienceMilliseconds);
      next_decision_ = 0;
      claims_.clear();
      tell_ = nullptr;
      body(*this);
      ++outcome_.paths;
      SettleClaims();
    } while (outcome_.verdict == Verdict::kProved && NextPath());
  } catch (const GaveUp&) {  // the outcome says what on
  }
  return outcome_;
}

void Prover::SettleClaims() {
  // Without decisions nobody has asked yet whether the assumptions can hold at all.
  if (decisions_.empty() && !IsPossible(TermBool(true))) {
    outcome_.verdict = Verdict::kVacuous;
    return;
  }
  TermBool all(true);
  for (const auto& [label, condition] : claims_) all = all && condition;
  if (Ask(all) == Answer::kHolds) {
    outcome_.claims += claims_.size();
    return;
  }
  // One by one: which fails, or which is too hard together with others.
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    const Answer answer = Ask(claims_[i].second);
    if (answer == Answer::kFails) return Refute(i);
    if (answer == Answer::kUnknown) {
      outcome_.verdict = Verdict::kUnknown;
      outcome_.label = claims_[i].first;
      return;
    }
    ++outcome_.claims;
  }
}

void Prover::Refute(std::size_t claim) {
  outcome_.verdict = Verdict::kRefuted;
  outcome_.label = claims_[claim].first;
  if (!tell_) return;
  // First the terms are collected, then all their values come from one answer of the solver.
  std::vector<TermWord> wanted;
  tell_([&](const TermWord& term) { return wanted.push_back(term), 0; });
  std::vector<std::uint64_t> values;
  if (Ask(claims_[claim].second, wanted, &values) != Answer::kFails) return;
  std::size_t next = 0;
  outcome_.counterexample = tell_([&](const TermWord&) { return values[next++]; });
}

}  // namespace breakproof::model::reference
