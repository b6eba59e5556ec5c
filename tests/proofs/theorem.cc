#include "tests/proofs/theorem.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace breakproof::proofs {
namespace {

// Functions rather than globals: registrations run before main, in no order.
std::vector<Theorem>& Theorems() {
  static std::vector<Theorem>& theorems = *new std::vector<Theorem>;
  return theorems;
}

std::vector<Mutant>& Mutants() {
  static std::vector<Mutant>& mutants = *new std::vector<Mutant>;
  return mutants;
}

int NumberOf(const Theorem& theorem) { return std::stoi(theorem.id.substr(1)); }

// Proves one claim, or writes into the verdict why not.
bool Settle(const Claims<ProofWord>& proof, const std::string& label, ProofBool condition,
            Verdict* verdict) {
  const Answer answer = Solve(proof.assumptions, condition, proof.variables,
                              proof.timeout_milliseconds, &verdict->values);
  if (answer == Answer::kHolds) return true;
  verdict->kind = answer == Answer::kFails ? Verdict::Kind::kRefuted : Verdict::Kind::kUnknown;
  verdict->label = label;
  return false;
}

void DecideClaims(const Claims<ProofWord>& proof, const std::vector<ProofBool>& definedness,
                  Verdict* verdict) {
  // The assumptions must be satisfiable: `false` must not follow from them.
  std::vector<std::uint64_t> witness;
  switch (Solve(proof.assumptions, ProofBool(false), proof.variables, proof.timeout_milliseconds,
                &witness)) {
    case Answer::kHolds:
      verdict->kind = Verdict::Kind::kVacuous;
      return;
    case Answer::kUnknown:
      verdict->kind = Verdict::Kind::kUnknown;
      verdict->label = "the assumptions are satisfiable";
      return;
    case Answer::kFails:
      break;
  }
  for (const ProofBool& condition : definedness) {
    verdict->is_about_definedness = true;
    if (!Settle(proof, "every shift and division is defined", condition, verdict)) return;
    ++verdict->definedness;
  }
  verdict->is_about_definedness = false;
  for (const Claims<ProofWord>::Claim& claim : proof.claims) {
    if (!Settle(proof, claim.label, claim.condition, verdict)) return;
    ++verdict->claims;
  }
  verdict->kind = Verdict::Kind::kProved;
}

}  // namespace

Registration::Registration(Theorem theorem) { Theorems().push_back(std::move(theorem)); }
Registration::Registration(Mutant mutant) { Mutants().push_back(std::move(mutant)); }

std::vector<Theorem> TheoremsAbout(const std::string& subject) {
  std::vector<Theorem> result;
  for (const Theorem& theorem : Theorems()) {
    if (theorem.subject == subject) result.push_back(theorem);
  }
  std::sort(result.begin(), result.end(),
            [](const Theorem& x, const Theorem& y) { return NumberOf(x) < NumberOf(y); });
  return result;
}

std::vector<Mutant> AllMutants() {
  std::vector<Mutant> result = Mutants();
  std::sort(result.begin(), result.end(),
            [](const Mutant& x, const Mutant& y) { return x.name < y.name; });
  return result;
}

Verdict Decide(const Theorem& theorem) {
  const auto start = std::chrono::steady_clock::now();
  Claims<ProofWord> proof;
  TakeDefinedness();
  theorem.for_all(proof);
  Verdict verdict = {};
  verdict.names = proof.names;
  DecideClaims(proof, TakeDefinedness(), &verdict);
  verdict.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return verdict;
}

bool MachineAgrees(const Theorem& theorem, const Verdict& verdict) {
  Claims<std::uint64_t> check([&](const std::string& name) {
    const auto found = std::find(verdict.names.begin(), verdict.names.end(), name);
    return verdict.values.at(static_cast<std::size_t>(found - verdict.names.begin()));
  });
  try {
    theorem.on_machine(check);
  } catch (const Claims<std::uint64_t>::AssumptionFails&) {
    return false;
  }
  return std::find(check.failed.begin(), check.failed.end(), verdict.label) != check.failed.end();
}

std::string ValuesToText(const Verdict& verdict) {
  std::string text;
  for (std::size_t i = 0; i < verdict.values.size(); ++i) {
    char value[64];
    std::snprintf(value, sizeof value, "0x%llx (%llu)",
                  static_cast<unsigned long long>(verdict.values[i]),
                  static_cast<unsigned long long>(verdict.values[i]));
    text += (i == 0 ? "" : ", ") + verdict.names[i] + " = " + value;
  }
  return text;
}

}  // namespace breakproof::proofs
