// Symbolic execution by re-execution: a body that branches on terms runs once for every path through it.
//
// Each run repeats the decisions of the one before, up to the last that could also go the other way, and takes that
// other way. A branch is taken only if the solver finds values that lead there. At the end of each path all claims are
// decided for all values that take this path. The solver keeps what it learnt along the part that paths share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference/term.h"

namespace breakproof::model::reference {

class Prover {
 public:
  enum class Verdict { kProved, kRefuted, kUnknown, kVacuous };

  struct Outcome {
    Verdict verdict = Verdict::kProved;
    std::uint64_t paths = 0;
    std::uint64_t claims = 0;     // proved, over all paths
    std::uint64_t questions = 0;  // put to the solver
    std::string label;            // of the claim that does not hold
    std::string counterexample;   // as the body told it
    std::set<std::string> relies_on;  // what the body took for proved elsewhere
  };

  // Which of Z3's two solvers of linear arithmetic is asked. Each runs for minutes, or past its limits, on questions
  // that the other settles at once: the older wherever much is assumed, the newer where much is computed.
  enum Arithmetic : unsigned { kOlder = 2, kNewer = 6 };
  explicit Prover(Arithmetic arithmetic) : arithmetic_(arithmetic) {}

  // Any value; the same name is the same value in every run.
  static TermWord Any(const std::string& name) { return AnyWord(name); }
  // Holds from here on in this run.
  void Assume(const TermBool& condition);
  // Like Assume, but maybe nothing satisfies it: then this run is of nothing, and ends at the next decision.
  void Suppose(const TermBool& condition);
  bool Decide(const TermBool& condition);
  void Claim(const std::string& label, const TermBool& condition) { claims_.emplace_back(label, condition); }
  // Settles this claim and all before it here, from what is assumed so far: for what later assumptions rest on.
  void Require(const std::string& label, const TermBool& condition);
  void RelyOn(const std::string& what) { outcome_.relies_on.insert(what); }
  // Tells the counterexample, given the value of any term in it; replaces what was set before in this run.
  using ValueOf = std::function<std::uint64_t(const TermWord&)>;
  void TellBy(std::function<std::string(const ValueOf&)> tell) { tell_ = std::move(tell); }

  // `body` must do the same each time it gets the same answers from Decide.
  Outcome Explore(const std::function<void(Prover&)>& body);

 private:
  struct Decision {
    bool taken;
    bool other_possible;
    bool is_assumed;  // the solver knows of it
  };
  struct GaveUp {};      // the outcome says on what
  struct Refuted {};     // a claim, before the end of the run
  struct Impossible {};  // no values lead here

  enum class Answer { kHolds, kFails, kUnknown };
  // Does the claim follow from what is assumed? If not, `wanted` receive their values in a counterexample.
  Answer Ask(const TermBool& claim, const std::vector<TermWord>& wanted = {}, std::vector<std::uint64_t>* values = nullptr);
  z3::check_result Check(std::optional<z3::model>* model);
  bool IsPossible(const TermBool& condition);
  bool IsRepeating() const { return next_decision_ < decisions_.size(); }
  void Add(const z3::expr& fact);
  void AddFacts();
  bool HoldsInWitness(const TermBool& condition);
  void RunOnce(const std::function<void(Prover&)>& body);
  bool NextPath();
  void SettleClaims();
  void Refute(std::size_t claim);
  void GiveUp(const std::string& label);

  const Arithmetic arithmetic_;
  std::vector<Decision> decisions_;  // each opened a level of the solver
  std::size_t next_decision_ = 0;
  std::optional<z3::solver> solver_;
  bool supposed_ = false;             // in this run
  std::optional<z3::model> witness_;  // values that take the path as far as it is known
  std::vector<std::pair<std::string, TermBool>> claims_;
  std::function<std::string(const ValueOf&)> tell_;
  Outcome outcome_;
};

}  // namespace breakproof::model::reference
