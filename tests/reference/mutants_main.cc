// Shows that search and proof notice mistakes: every wrong variant of the reference allocator must be killed, by the
// theorems that it names (with a counterexample) and, where it can show in a short case, by the search. Every theorem
// must be false of some mutant. Prints the counterexamples, then the table. Usage: mutants_test mutants.txt
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/proofs/theorem.h"
#include "tests/reference/mutants.h"
#include "tests/reference/search.h"
#include "tests/reference/theorems.h"

namespace {

using namespace breakproof::model::reference;  // NOLINT: a main file

constexpr int kSearchDepth = 4;
constexpr int kLargest = 2;  // blocks and mappings in a counterexample

struct Entry {
  std::string name, theorem, description;
};

std::vector<Entry> ReadMutants(const char* path) {
  std::vector<Entry> result;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("@ ", 0) != 0) continue;
    std::istringstream words(line.substr(2));
    Entry entry;
    std::string source;
    words >> entry.name >> source >> entry.theorem >> std::ws;
    std::getline(words, entry.description);
    result.push_back(entry);
  }
  return result;
}

// "depth 2, 312 transitions", or "-".
std::string KilledBySearch() {
  const SearchResult result = Search({.depth = kSearchDepth});
  if (result.violation.empty()) return "-";
  std::printf("%s", result.violation.c_str());
  return "depth " + std::to_string(result.depth) + ", " + std::to_string(result.transitions) + " transitions";
}

// A theorem about numbers alone: the machine must agree with the counterexample.
bool IsRefutedArithmetic(const std::string& id) {
  for (const breakproof::proofs::Theorem& theorem : breakproof::proofs::TheoremsAbout("")) {
    if (theorem.id != id) continue;
    const breakproof::proofs::Verdict verdict = Decide(theorem);
    if (verdict.kind != breakproof::proofs::Verdict::Kind::kRefuted || !MachineAgrees(theorem, verdict)) return false;
    std::printf("# %s is false: \"%s\" fails for %s\n", id.c_str(), verdict.label.c_str(), ValuesToText(verdict).c_str());
    return true;
  }
  return false;
}

bool IsRefuted(const std::string& id) {
  if (id[0] == 'A') return IsRefutedArithmetic(id);
  for (const StepTheorem& theorem : StepTheorems()) {
    if (theorem.id != id) continue;
    const Prover::Outcome outcome = Prove(theorem, kLargest);
    if (outcome.verdict != Prover::Verdict::kRefuted) return false;
    std::printf("# %s is false: \"%s\"\n%s", id.c_str(), outcome.label.c_str(), outcome.counterexample.c_str());
    return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string table;
  std::set<std::string> refuted;
  std::size_t killed = 0;
  const std::vector<Entry> mutants = ReadMutants(argv[1]);
  for (const Entry& mutant : mutants) {
    active_mutant = mutant.name;
    std::printf("--- %s: %s\n", mutant.name.c_str(), mutant.description.c_str());
    const std::string by_search = KilledBySearch();
    bool by_proof = mutant.theorem != "-";
    std::istringstream ids(mutant.theorem);
    for (std::string id; mutant.theorem != "-" && std::getline(ids, id, ',');) {
      const bool was_refuted = IsRefuted(id);
      if (was_refuted) refuted.insert(id);
      by_proof = by_proof && was_refuted;
    }
    const bool as_named = mutant.theorem == "-" ? by_search != "-" : by_proof;
    killed += as_named;
    table += "| " + mutant.name + " | " + by_search + " | " + (by_proof ? mutant.theorem : "-") + (as_named ? " |\n" : " | SURVIVES\n");
    std::fflush(stdout);
  }
  active_mutant = "";
  const bool right_is_right = Search({.depth = 3}).violation.empty();
  std::printf("\n| mutant | killed by the search at | refuted theorem |\n|---|---|---|\n%s", table.c_str());
  std::size_t missing = 0;
  std::vector<std::string> all;
  for (const StepTheorem& theorem : StepTheorems()) all.push_back(theorem.id);
  for (const auto& theorem : breakproof::proofs::TheoremsAbout("")) all.push_back(theorem.id);
  for (const std::string& id : all) {
    if (refuted.contains(id)) continue;
    std::printf("%s is refuted by no mutant: it may say nothing.\n", id.c_str());
    ++missing;
  }
  std::printf("%zu of %zu mutants are killed; %zu of %zu theorems are refuted by a mutant.\n", killed, mutants.size(),
              all.size() - missing, all.size());
  return right_is_right && !mutants.empty() && killed == mutants.size() && missing == 0 ? 0 : 1;
}
