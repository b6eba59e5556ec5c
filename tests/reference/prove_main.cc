// Proves the theorems about the reference allocator and prints each, with its counts.
// `--blocks=3` sets the largest number of blocks and mappings in a state, `--theorem=R8` proves one.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/proofs/theorem.h"
#include "tests/reference/theorems.h"

namespace {

using namespace breakproof::model::reference;  // NOLINT: a main file

void Print(const StepTheorem& theorem, const Prover::Outcome& outcome, int largest, double seconds) {
  std::printf("%-4s %s\n     ", theorem.id.c_str(), theorem.statement.c_str());
  switch (outcome.verdict) {
    case Prover::Verdict::kProved:
      std::printf("Proved for all values%s: %llu paths, %llu claims, %llu questions to the solver; %.1f s.\n",
                  theorem.largest != 0 ? (" in every state of up to " + std::to_string(largest) + " blocks").c_str() : "",
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

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  int asked = -1;
  const char* only = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--blocks=", 9) == 0) {
      asked = std::atoi(argv[i] + 9);
    } else if (std::strncmp(argv[i], "--theorem=", 10) == 0) {
      only = argv[i] + 10;
    } else {
      std::fprintf(stderr, "usage: %s [--blocks=N] [--theorem=ID]\n", argv[0]);
      return 2;
    }
  }
  unsigned long long total = 0, proved = 0, paths = 0, claims = 0;
  const auto start = Clock::now();
  for (const breakproof::proofs::Theorem& theorem : breakproof::proofs::TheoremsAbout("")) {
    if (only != nullptr && theorem.id != only) continue;
    const breakproof::proofs::Verdict verdict = Decide(theorem);
    const bool holds = verdict.kind == breakproof::proofs::Verdict::Kind::kProved;
    std::printf("%-4s %s\n     %s: %zu claims; %.2f s. %s\n", theorem.id.c_str(), theorem.statement.c_str(),
                holds ? "Proved for all 2^64 values of each number" : "NOT PROVED", verdict.claims, verdict.seconds,
                holds ? "" : (verdict.label + " " + ValuesToText(verdict)).c_str());
    ++total;
    proved += holds;
    claims += verdict.claims;
  }
  for (const StepTheorem& theorem : StepTheorems()) {
    if (only != nullptr && theorem.id != only) continue;
    const int largest = asked >= 0 ? asked : theorem.largest;
    const auto before = Clock::now();
    const Prover::Outcome outcome = Prove(theorem, largest);
    Print(theorem, outcome, largest, std::chrono::duration<double>(Clock::now() - before).count());
    ++total;
    proved += outcome.verdict == Prover::Verdict::kProved;
    paths += outcome.paths;
    claims += outcome.claims;
  }
  std::printf("%llu of %llu theorems are proved, with %llu paths and %llu claims, in %.1f s.\n", proved, total, paths,
              claims, std::chrono::duration<double>(Clock::now() - start).count());
  return total > 0 && proved == total ? 0 : 1;
}
