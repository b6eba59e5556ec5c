// A Word that stands for all 2^64 values at once: a term of the Z3 solver.
//
// Instantiating a template of allocator/arithmetic with ProofWord computes the term that the
// template computes. Solve then decides whether a condition on terms holds for every value of the
// variables in them. This header does not show Z3, so that the many files of theorems compile
// quickly. Terms live until the process ends. One thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "allocator/arithmetic/word.h"

namespace breakproof::proofs {

// A condition on terms. && and || evaluate both sides, as a term has no other way.
class ProofBool {
 public:
  explicit ProofBool(bool value);

  friend ProofBool operator&&(ProofBool x, ProofBool y);
  friend ProofBool operator||(ProofBool x, ProofBool y);
  friend ProofBool operator!(ProofBool x);
  friend ProofBool operator==(ProofBool x, ProofBool y);

 private:
  friend struct TermAccess;
  ProofBool() = default;
  std::size_t term_ = 0;
};

// An unsigned number; 64 bits wide but for the results of Wide, with all operations modulo 2^width.
class ProofWord {
 public:
  ProofWord(std::uint64_t value);  // NOLINT: implicit, so that templates can mix Words and literals

  friend ProofWord operator+(ProofWord x, ProofWord y);
  friend ProofWord operator-(ProofWord x, ProofWord y);
  friend ProofWord operator*(ProofWord x, ProofWord y);
  friend ProofWord operator/(ProofWord x, ProofWord y);
  friend ProofWord operator%(ProofWord x, ProofWord y);
  friend ProofWord operator&(ProofWord x, ProofWord y);
  friend ProofWord operator|(ProofWord x, ProofWord y);
  friend ProofWord operator<<(ProofWord x, ProofWord amount);
  friend ProofWord operator>>(ProofWord x, ProofWord amount);
  friend ProofWord operator~(ProofWord x);
  friend ProofBool operator==(ProofWord x, ProofWord y);
  friend ProofBool operator!=(ProofWord x, ProofWord y);
  friend ProofBool operator<(ProofWord x, ProofWord y);
  friend ProofBool operator<=(ProofWord x, ProofWord y);
  friend ProofBool operator>(ProofWord x, ProofWord y);
  friend ProofBool operator>=(ProofWord x, ProofWord y);

 private:
  friend struct TermAccess;
  ProofWord() = default;
  std::size_t term_ = 0;
};

// A number that may be anything.
ProofWord Variable(const std::string& name);

// The same number in 128 bits, where sums and products of two 64-bit numbers are exact.
ProofWord Wide(ProofWord x);

// The conditions under which the C++ operations since the last call were defined: shifts by less
// than 64, divisors other than 0. They are to be proved like a theorem's claims.
std::vector<ProofBool> TakeDefinedness();

enum class Answer { kHolds, kFails, kUnknown };

// Decides whether `claim` holds wherever all assumptions do. If it fails, `values` receives what
// `variables` are then. Unknown when that takes longer than the time given.
Answer Solve(const std::vector<ProofBool>& assumptions, ProofBool claim,
             const std::vector<ProofWord>& variables, unsigned timeout_milliseconds,
             std::vector<std::uint64_t>* values);

}  // namespace breakproof::proofs

namespace breakproof::arithmetic {

template <>
struct WordPolicy<proofs::ProofWord> {
  using Bool = proofs::ProofBool;
  static proofs::ProofWord Select(Bool condition, proofs::ProofWord yes, proofs::ProofWord no);
  static proofs::ProofWord HighestBit(proofs::ProofWord x);
  static Product<proofs::ProofWord> Multiply(proofs::ProofWord x, proofs::ProofWord y);
};

}  // namespace breakproof::arithmetic
