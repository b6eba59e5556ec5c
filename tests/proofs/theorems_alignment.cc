// Theorems about alignment.h and checked.h.
#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/checked.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;
using proofs::Wide;

// Whether the k lowest bits of x are 0, which is to say: x is a multiple of 2^k. k must be
// below 64.
template <typename Word>
Bool<Word> IsMultipleOfPower(Word x, Word k) {
  return ((x >> k) << k) == x;
}

BREAKPROOF_THEOREM(
    Z1, "HighestBit gives the number of the highest bit that is set, for every number but 0.") {
  const Word x = proof.Any("x");
  proof.Assume(x != 0);
  const Word bit = HighestBit(x);
  proof.Prove("the bit is one of 64", bit < 64);
  proof.Prove("the bit is set and none above it", (x >> bit) == 1);
}

BREAKPROOF_THEOREM(Z2, "IsPowerOfTwo accepts 2^k for every k below 64, and nothing else.") {
  const Word x = proof.Any("x");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  proof.Prove("every power is accepted", IsPowerOfTwo<Word>(Word(1) << k));
  const Word nonzero = Select<Word>(x == 0, 1, x);
  proof.Prove("what is accepted is a power",
              Implies(IsPowerOfTwo(x), x != 0 && x == (Word(1) << HighestBit(nonzero))));
}

BREAKPROOF_THEOREM(Z3,
                   "IsPosixAlignment accepts exactly the powers of two that are multiples of 8.") {
  const Word x = proof.Any("x");
  proof.Prove("accepted exactly then", IsPosixAlignment(x) == (IsPowerOfTwo(x) && x % 8 == 0));
}

BREAKPROOF_THEOREM(Z4,
                   "EffectiveAlignment gives the smallest power of two that is at least 16 and at "
                   "least the request.") {
  const Word alignment = proof.Any("alignment");
  proof.Assume(alignment <= kMaxAlignment);
  const Word effective = EffectiveAlignment(alignment);
  proof.Prove("a power of two", IsPowerOfTwo(effective));
  proof.Prove("at least 16", effective >= 16);
  proof.Prove("at least the request", effective >= alignment);
  proof.Prove("the smallest such", effective == 16 || effective / 2 < alignment);
}

BREAKPROOF_THEOREM(Z5,
                   "AlignDown gives the largest multiple of a power of two that is at most x.") {
  const Word x = proof.Any("x");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  const Word alignment = Word(1) << k;
  const Word down = AlignDown(x, alignment);
  proof.Prove("a multiple", IsMultipleOfPower(down, k));
  proof.Prove("at most x", down <= x);
  proof.Prove("the largest such", x - down < alignment);
}

BREAKPROOF_THEOREM(Z6,
                   "AlignUp gives the smallest multiple of a power of two that is at least x, "
                   "where that is below 2^64.") {
  const Word x = proof.Any("x");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  const Word alignment = Word(1) << k;
  proof.Assume(x <= ~alignment + 1 || x == 0);  // at most the largest multiple, 2^64 - 2^k
  const Word up = AlignUp(x, alignment);
  proof.Prove("a multiple", IsMultipleOfPower(up, k));
  proof.Prove("at least x", up >= x);
  proof.Prove("the smallest such", up - x < alignment);
}

BREAKPROOF_THEOREM(
    Z7, "CheckedAdd gives the true sum, or says overflow exactly when that is 2^64 or more.") {
  const Word x = proof.Any("x");
  const Word y = proof.Any("y");
  const Checked<Word> sum = CheckedAdd(x, y);
  const auto exact = Wide(x) + Wide(y);
  proof.Prove("overflow exactly then", sum.overflow == (exact > Wide(Word(UINT64_MAX))));
  proof.Prove("the true sum", sum.overflow || Wide(sum.value) == exact);
}

BREAKPROOF_THEOREM(
    Z8,
    "CheckedMultiply gives the true product, or says overflow exactly when that is 2^64 or more.") {
  const Word x = proof.Any("x");
  const Word y = proof.Any("y");
  const Checked<Word> product = CheckedMultiply(x, y);
  const auto exact = Wide(x) * Wide(y);
  proof.Prove("overflow exactly then", product.overflow == (exact > Wide(Word(UINT64_MAX))));
  proof.Prove("the true product", product.overflow || Wide(product.value) == exact);
}

BREAKPROOF_THEOREM(
    Z9,
    "CheckedAlignUp is AlignUp, or says overflow exactly when the result would be 2^64 or more.") {
  const Word x = proof.Any("x");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  const Word alignment = Word(1) << k;
  const Checked<Word> up = CheckedAlignUp(x, alignment);
  const Word largest_multiple = ~(alignment - 1);
  proof.Prove("overflow exactly then", up.overflow == (x > largest_multiple));
  proof.Prove("a multiple", up.overflow || IsMultipleOfPower(up.value, k));
  proof.Prove("the smallest that is at least x",
              up.overflow || (up.value >= x && up.value - x < alignment));
}

BREAKPROOF_THEOREM(Z10,
                   "CheckedPageRound gives the fewest whole pages, or says overflow exactly for "
                   "the last 4095 numbers.") {
  const Word bytes = proof.Any("bytes");
  const Checked<Word> pages = CheckedPageRound(bytes);
  proof.Prove("overflow exactly then", pages.overflow == (bytes >= Word(0) - 4095));
  proof.Prove("whole pages", pages.overflow || pages.value % 4096 == 0);
  proof.Prove("the fewest", pages.overflow || (pages.value >= bytes && pages.value - bytes < 4096));
  proof.Prove("none for nothing", Implies(bytes == 0, pages.value == 0));
}

}  // namespace
}  // namespace breakproof::arithmetic
