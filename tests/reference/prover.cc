#include "tests/reference/prover.h"

namespace breakproof::model::reference {
namespace {

// For one question: a little work first, then from scratch with other random seeds, for the solver's luck varies. In
// Z3's own units of work (some millions a second), so that a busy machine changes no verdict.
struct Patience {
  unsigned first;
  std::vector<std::pair<Prover::Arithmetic, unsigned>> retries;
};

const Patience& PatienceOf(Prover::Arithmetic arithmetic) {
  static const Patience older{3'000'000,
                              {{Prover::kOlder, 12'000'000}, {Prover::kOlder, 50'000'000}, {Prover::kOlder, 200'000'000}}};
  static const Patience newer{1'000'000,
                              {{Prover::kOlder, 2'000'000},
                               {Prover::kNewer, 8'000'000},
                               {Prover::kOlder, 30'000'000},
                               {Prover::kNewer, 100'000'000},
                               {Prover::kOlder, 200'000'000}}};
  return arithmetic == Prover::kOlder ? older : newer;
}

}  // namespace

z3::check_result Prover::Check(std::optional<z3::model>* model) {
  z3::check_result result = solver_->check();
  if (result == z3::sat && model != nullptr) *model = solver_->get_model();
  unsigned seed = 0;
  for (const auto [arithmetic, work] : PatienceOf(arithmetic_).retries) {
    if (result != z3::unknown) break;
    z3::solver fresh(TheContext());
    fresh.set("arith.solver", static_cast<unsigned>(arithmetic));
    fresh.set("rlimit", work);
    fresh.set("random_seed", ++seed);
    for (const z3::expr& assertion : solver_->assertions()) fresh.add(assertion);
    result = fresh.check();
    if (result == z3::sat && model != nullptr) *model = fresh.get_model();
  }
  return result;
}

// What is the same as in the run before, the solver has been told already.
void Prover::Assume(const TermBool& condition) {
  AddFacts();
  if (!IsRepeating()) Add(condition.expr);
}

void Prover::Suppose(const TermBool& condition) {
  Assume(condition);
  supposed_ = true;
}

void Prover::Require(const std::string& label, const TermBool& condition) {
  Claim(label, condition);
  if (!IsRepeating()) SettleClaims();
  claims_.clear();
  if (outcome_.verdict != Verdict::kProved) throw Refuted();
}

void Prover::Add(const z3::expr& fact) {
  solver_->add(fact);
  if (witness_ && !witness_->eval(fact, true).is_true()) witness_.reset();
}

void Prover::AddFacts() {
  const std::vector<z3::expr> facts = TakeFacts();
  if (IsRepeating()) return;
  for (const z3::expr& fact : facts) Add(fact);
}

void Prover::GiveUp(const std::string& label) {
  outcome_.verdict = Verdict::kUnknown;
  outcome_.label = label;
  throw GaveUp();
}

Prover::Answer Prover::Ask(const TermBool& claim, const std::vector<TermWord>& wanted,
                           std::vector<std::uint64_t>* values) {
  ++outcome_.questions;
  AddFacts();
  solver_->push();
  solver_->add(!claim.expr);
  std::optional<z3::model> model;
  const z3::check_result result = Check(&model);
  if (result == z3::sat && values != nullptr) {
    for (const TermWord& word : wanted) values->push_back(model->eval(word.expr, true).get_numeral_uint64());
  }
  solver_->pop();
  return result == z3::unsat ? Answer::kHolds : result == z3::sat ? Answer::kFails : Answer::kUnknown;
}

bool Prover::IsPossible(const TermBool& condition) {
  const Answer answer = Ask(!condition);
  if (answer == Answer::kUnknown) GiveUp("whether a branch can be taken");
  return answer == Answer::kFails;
}

// Some values take the path so far: what the condition is for them is possible, without a question.
bool Prover::HoldsInWitness(const TermBool& condition) {
  if (!witness_) {
    ++outcome_.questions;
    const z3::check_result result = Check(&witness_);
    if (result == z3::unsat && supposed_) throw Impossible();
    if (result != z3::sat) GiveUp("whether a path can be taken");
  }
  return witness_->eval(condition.expr, true).is_true();
}

bool Prover::Decide(const TermBool& condition) {
  AddFacts();
  if (!IsRepeating()) {
    const bool taken = HoldsInWitness(condition);
    decisions_.push_back({taken, IsPossible(taken ? !condition : condition), false});
  }
  Decision& decision = decisions_[next_decision_++];
  if (!decision.is_assumed) {
    solver_->push();
    Add(decision.taken ? condition.expr : !condition.expr);
    decision.is_assumed = true;
  }
  return decision.taken;
}

bool Prover::NextPath() {
  while (!decisions_.empty() && !decisions_.back().other_possible) {
    decisions_.pop_back();
    solver_->pop();
  }
  if (decisions_.empty()) return false;
  solver_->pop();
  decisions_.back() = {!decisions_.back().taken, false, false};
  witness_.reset();
  return true;
}

Prover::Outcome Prover::Explore(const std::function<void(Prover&)>& body) {
  outcome_ = {};
  decisions_.clear();
  witness_.reset();
  solver_.emplace(TheContext());
  solver_->set("arith.solver", static_cast<unsigned>(arithmetic_));
  solver_->set("rlimit", PatienceOf(arithmetic_).first);
  TakeFacts();
  try {
    do {
      next_decision_ = 0;
      claims_.clear();
      supposed_ = false;
      tell_ = nullptr;
      RunOnce(body);
    } while (outcome_.verdict == Verdict::kProved && NextPath());
    if (outcome_.paths == 0 && outcome_.verdict == Verdict::kProved) outcome_.verdict = Verdict::kVacuous;
  } catch (const GaveUp&) {
  }
  return outcome_;
}

void Prover::RunOnce(const std::function<void(Prover&)>& body) try {
  body(*this);
  ++outcome_.paths;
  SettleClaims();
} catch (const Impossible&) {
} catch (const Refuted&) {
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
    if (answer == Answer::kUnknown) GiveUp(claims_[i].first);
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
