// The functions on bits of the reference allocator, for all 2^64 inputs, by the framework of tests/proofs. What is
// proved here is what the proofs of the steps know of these functions (term.cc cites each number).
#include "tests/proofs/theorem.h"
#include "tests/reference/subject.h"

namespace breakproof::model::reference {

using proofs::Implies;

BREAKPROOF_THEOREM(A1, "RoundDown by 16 or 4096 takes the remainder off, for every number.") {
  const Word x = proof.Any("x");
  proof.Prove("16", RoundDown<Word>(x, kUnit) == x - x % kUnit);
  proof.Prove("4096", RoundDown<Word>(x, kPageBytes) == x - x % kPageBytes);
}

BREAKPROOF_THEOREM(A2, "RoundUp by 16 or 4096 adds one less than that and takes the remainder off, wrapping or not.") {
  const Word x = proof.Any("x");
  for (const std::uint64_t unit : {kUnit, kPageBytes}) {
    const Word sum = x + (unit - 1);
    proof.Prove(unit == kUnit ? "16" : "4096", RoundUp<Word>(x, unit) == sum - sum % unit);
  }
}

BREAKPROOF_THEOREM(A3, "RoundUp by any power of two gives the smallest multiple that is at least x, unless that is 2^64.") {
  const Word x = proof.Any("x"), unit = proof.Any("unit");
  proof.Assume(IsPowerOfTwo<Word>(unit) && x + (unit - 1) >= x);
  const Word result = RoundUp<Word>(x, unit);
  proof.Prove("no less than x", result >= x);
  proof.Prove("less than a unit more", result - x < unit);
  proof.Prove("a multiple", (result & (unit - 1)) == 0);
}

BREAKPROOF_THEOREM(A4, "Multiples of a power of two are multiples of every smaller one.") {
  const Word x = proof.Any("x"), unit = proof.Any("unit");
  proof.Assume(IsPowerOfTwo<Word>(unit) && x + (unit - 1) >= x);
  const Word result = RoundUp<Word>(x, unit);
  for (const std::uint64_t small : {kUnit, kPageBytes}) {
    proof.Prove("of the unit", Implies(unit >= small, unit % small == 0));
    proof.Prove("of what was rounded", Implies(unit >= small, result % small == 0));
  }
  proof.Prove("16 itself", Implies(unit <= kUnit && x % kUnit == 0, (x & (unit - 1)) == 0));
}

BREAKPROOF_THEOREM(A5, "RoundUp by a power of two up to 4096 leaves page-aligned numbers alone.") {
  const Word x = proof.Any("x"), unit = proof.Any("unit");
  proof.Assume(IsPowerOfTwo<Word>(unit) && unit <= kPageBytes && x % kPageBytes == 0);
  proof.Prove("unchanged", RoundUp<Word>(x, unit) == x);
}

BREAKPROOF_THEOREM(A6, "IsPowerOfTwo accepts 2^k for every k below 64, and nothing else; from 8 on these are multiples of 8.") {
  const Word x = proof.Any("x");
  auto is_one = x == 1;
  for (std::uint64_t k = 1; k < 64; ++k) is_one = is_one || x == (std::uint64_t{1} << k);
  proof.Prove("exactly these", IsPowerOfTwo<Word>(x) == is_one);
  proof.Prove("multiples of 8 from 8 on", Implies(IsPowerOfTwo<Word>(x), (x >= 8) == (x % 8 == 0)));
}

}  // namespace breakproof::model::reference
