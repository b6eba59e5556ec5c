// Proves the theorems about the shipped arithmetic and prints each, with its counts.
// `--theorem=Z12` proves one.
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/proofs/theorem.h"

namespace {

using breakproof::proofs::Theorem;
using breakproof::proofs::TheoremsAbout;
using breakproof::proofs::ValuesToText;
using breakproof::proofs::Verdict;

void PrintVerdict(const Theorem& theorem, const Verdict& verdict) {
  std::printf("%-4s %s\n     ", theorem.id.c_str(), theorem.statement.c_str());
  switch (verdict.kind) {
    case Verdict::Kind::kProved:
      std::printf(
          "Proved for all 2^%zu inputs: %zu claims, and %zu shifts and divisions defined; %.2f "
          "s.\n",
          64 * verdict.names.size(), verdict.claims, verdict.definedness, verdict.seconds);
      break;
    case Verdict::Kind::kRefuted:
      std::printf("FALSE: \"%s\" fails for %s.\n", verdict.label.c_str(),
                  ValuesToText(verdict).c_str());
      break;
    case Verdict::Kind::kUnknown:
      std::printf("UNKNOWN: the solver gave up on \"%s\" after %.2f s.\n", verdict.label.c_str(),
                  verdict.seconds);
      break;
    case Verdict::Kind::kVacuous:
      std::printf("VACUOUS: no values satisfy the assumptions.\n");
      break;
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr char kOption[] = "--theorem=";
  const char* only = nullptr;
  if (argc == 2 && std::strncmp(argv[1], kOption, sizeof kOption - 1) == 0)
    only = argv[1] + sizeof kOption - 1;
  if (argc > 1 && only == nullptr) {
    std::fprintf(stderr, "usage: %s [--theorem=ID]\n", argv[0]);
    return 2;
  }
  std::size_t proved = 0, total = 0, claims = 0, definedness = 0;
  double seconds = 0;
  for (const Theorem& theorem : TheoremsAbout("")) {
    if (only != nullptr && theorem.id != only) continue;
    const Verdict verdict = Decide(theorem);
    PrintVerdict(theorem, verdict);
    ++total;
    proved += verdict.kind == Verdict::Kind::kProved ? 1 : 0;
    claims += verdict.claims;
    definedness += verdict.definedness;
    seconds += verdict.seconds;
  }
  std::printf(
      "%zu of %zu theorems are proved, with %zu claims and %zu shifts and divisions, in %.1f s.\n",
      proved, total, claims, definedness, seconds);
  return total > 0 && proved == total ? 0 : 1;
}
