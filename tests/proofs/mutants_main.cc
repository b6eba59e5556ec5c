// Shows that the theorems notice mistakes: refutes each theorem that a mutant names about the
// mutant's source, prints the counterexamples, and runs them on the machine. Every theorem must be
// refuted by some mutant.
#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "tests/proofs/theorem.h"

namespace {

using breakproof::proofs::AllMutants;
using breakproof::proofs::Decide;
using breakproof::proofs::MachineAgrees;
using breakproof::proofs::Mutant;
using breakproof::proofs::Theorem;
using breakproof::proofs::TheoremsAbout;
using breakproof::proofs::ValuesToText;
using breakproof::proofs::Verdict;

// Prints how the mutant fails the theorem. False if it does not, or if the machine does not confirm
// it.
bool Refutes(const Theorem& theorem) {
  const Verdict verdict = Decide(theorem);
  if (verdict.kind != Verdict::Kind::kRefuted) {
    std::printf("    %s: SURVIVES (%s)\n", theorem.id.c_str(),
                verdict.kind == Verdict::Kind::kProved ? "proved" : "unknown or vacuous");
    return false;
  }
  const bool confirmed = verdict.is_about_definedness || MachineAgrees(theorem, verdict);
  std::printf("    %s \"%s\" fails for %s%s\n", theorem.id.c_str(), verdict.label.c_str(),
              ValuesToText(verdict).c_str(), confirmed ? "" : ": THE MACHINE DISAGREES");
  return confirmed;
}

// Tries every theorem that the mutant names; counts those refuted into `refuted`.
bool IsKilled(const Mutant& mutant, std::set<std::string>* refuted) {
  std::printf("%s (%s): `%s` becomes `%s`\n", mutant.name.c_str(), mutant.header.c_str(),
              mutant.original.c_str(), mutant.replacement.c_str());
  const std::vector<Theorem> theorems = TheoremsAbout(mutant.name);
  std::size_t count = 0;
  for (const std::string& id : mutant.refutes) {
    const auto theorem = std::find_if(theorems.begin(), theorems.end(),
                                      [&](const Theorem& candidate) { return candidate.id == id; });
    if (theorem == theorems.end()) {
      std::printf("    %s: NO SUCH THEOREM in the mutant's file\n", id.c_str());
    } else if (Refutes(*theorem)) {
      refuted->insert(id);
      ++count;
    }
  }
  std::fflush(stdout);
  return count > 0 && count == mutant.refutes.size();
}

}  // namespace

int main() {
  std::set<std::string> refuted;
  std::size_t killed = 0, unrefuted = 0;
  const std::vector<Mutant> mutants = AllMutants();
  for (const Mutant& mutant : mutants) killed += IsKilled(mutant, &refuted) ? 1 : 0;
  const std::vector<Theorem> theorems = TheoremsAbout("");
  for (const Theorem& theorem : theorems) {
    if (refuted.count(theorem.id) != 0) continue;
    std::printf("%s is refuted by no mutant: it may say nothing.\n", theorem.id.c_str());
    ++unrefuted;
  }
  std::printf(
      "%zu of %zu mutants are killed by every theorem they name; %zu of %zu theorems are refuted "
      "by a mutant.\n",
      killed, mutants.size(), theorems.size() - unrefuted, theorems.size());
  return !mutants.empty() && killed == mutants.size() && unrefuted == 0 ? 0 : 1;
}
