#include "tests/reference/prove_all.h"

#include <cstdio>
#include <ctime>
#include <set>

#include "tests/proofs/theorem.h"

namespace breakproof::model::reference {
namespace {

using Kind = StepTheorem::Kind;

struct Totals {
  unsigned long long theorems = 0, proved = 0, paths = 0, claims = 0;
  std::set<std::string> proved_steps, relied_on;
};

const char* Scope(Kind kind) {
  switch (kind) {
    case Kind::kStart: return "";
    case Kind::kStepBehindAllocate: return " in every state of up to %d blocks, and in those to which Allocate leads";
    case Kind::kStep:
    case Kind::kEntry: return " in every state of up to %d blocks";
  }
  return "";
}

void Print(const StepTheorem& theorem, const Prover::Outcome& outcome, const ProofSettings& settings, double seconds) {
  std::printf("%-4s %s\n     ", theorem.id.c_str(), theorem.statement.c_str());
  switch (outcome.verdict) {
    case Prover::Verdict::kProved:
      std::printf("Proved for all values");
      if (settings.only_state)
        std::printf(" in every state of %d blocks and %d mappings", settings.only_state->first, settings.only_state->second);
      else
        std::printf(Scope(theorem.kind), settings.largest);
      std::printf("%s: %llu paths, %llu claims, %llu questions to the solver; %.1f s of processor time.\n",
                  theorem.kind == Kind::kEntry ? ", from what R2 and R3 prove of its steps" : "",
                  static_cast<unsigned long long>(outcome.paths), static_cast<unsigned long long>(outcome.claims),
                  static_cast<unsigned long long>(outcome.questions), seconds);
      break;
    case Prover::Verdict::kRefuted:
      std::printf("FALSE: \"%s\" fails for\n%s", outcome.label.c_str(), outcome.counterexample.c_str());
      break;
    case Prover::Verdict::kUnknown:
      std::printf("UNKNOWN: the solver gave up on \"%s\" after %.1f s.\n", outcome.label.c_str(), seconds);
      break;
    case Prover::Verdict::kVacuous:
      std::printf("VACUOUS: no values satisfy the assumptions.\n");
      break;
  }
  std::fflush(stdout);
}

void ProveOne(const proofs::Theorem& theorem, Totals& totals) {
  const proofs::Verdict verdict = Decide(theorem);
  const bool holds = verdict.kind == proofs::Verdict::Kind::kProved;
  std::printf("%-4s %s\n     %s: %zu claims; %.2f s. %s\n", theorem.id.c_str(), theorem.statement.c_str(),
              holds ? "Proved for all 2^64 values of each number" : "NOT PROVED", verdict.claims, verdict.seconds,
              holds ? "" : (verdict.label + " " + ValuesToText(verdict)).c_str());
  ++totals.theorems;
  totals.proved += holds;
  totals.claims += verdict.claims;
}

void ProveOne(const StepTheorem& theorem, const ProofSettings& settings, Totals& totals) {
  const double before = ThreadSeconds();
  const Prover::Outcome outcome = Prove(theorem, settings.largest, settings.only_state);
  Print(theorem, outcome, settings, ThreadSeconds() - before);
  ++totals.theorems;
  totals.paths += outcome.paths;
  totals.claims += outcome.claims;
  totals.relied_on.insert(outcome.relies_on.begin(), outcome.relies_on.end());
  if (outcome.verdict != Prover::Verdict::kProved) return;
  ++totals.proved;
  totals.proved_steps.merge(ProvedSteps(theorem, settings.largest));
}

// Every step that a proof took for proved must be so, in that very shape of state.
bool IsGrounded(const Totals& totals) {
  bool grounded = true;
  for (const std::string& step : totals.relied_on) {
    if (totals.proved_steps.contains(step)) continue;
    std::printf("NOT PROVED: the step \"%s\", on which a theorem relies.\n", step.c_str());
    grounded = false;
  }
  if (grounded && !totals.relied_on.empty())
    std::printf("The %zu kinds of state from which the entry points take their steps are among the %zu for which R2 and "
                "R3 are proved.\n", totals.relied_on.size(), totals.proved_steps.size());
  return grounded;
}

}  // namespace

double ThreadSeconds() {
  std::timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

bool ProveAll(const ProofSettings& settings) {
  Totals totals;
  const auto is_asked = [&](const std::string& id) { return settings.only.empty() || settings.only == id; };
  for (const proofs::Theorem& theorem : proofs::TheoremsAbout(""))
    if (is_asked(theorem.id)) ProveOne(theorem, totals);
  for (const StepTheorem& theorem : StepTheorems())
    if (is_asked(theorem.id)) ProveOne(theorem, settings, totals);
  // One alone stands on the others.
  const bool is_part = !settings.only.empty() || settings.only_state;
  const bool grounded = is_part || IsGrounded(totals);
  std::printf("%llu of %llu theorems are proved, with %llu paths and %llu claims, in %.1f s of processor time.\n",
              totals.proved, totals.theorems, totals.paths, totals.claims, ThreadSeconds());
  return grounded && totals.theorems > 0 && totals.proved == totals.theorems;
}

}  // namespace breakproof::model::reference
