// Theorems about mapping.h.
#include "allocator/arithmetic/mapping.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;
using proofs::Wide;

BREAKPROOF_THEOREM(Z24,
                   "MappingLength gives the fewest whole pages for payload and slack, or overflow "
                   "exactly beyond PTRDIFF_MAX.") {
  const Word size = proof.Any("size");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  const Word alignment = Word(1) << k;
  const Checked<Word> length = MappingLength(size, alignment);
  const Word slack = Select<Word>(alignment > 4096, alignment - 4096, 0);
  const auto exact = Wide(Select<Word>(size == 0, 1, size)) + Wide(slack);
  const Word largest =
      Word(kMaxRequest) - 4095;  // the largest multiple of a page that is at most kMaxRequest
  proof.Prove("overflow exactly then", length.overflow == (exact > Wide(largest)));
  proof.Prove("whole pages", length.overflow || length.value % 4096 == 0);
  proof.Prove("at least one page", length.overflow || length.value >= 4096);
  proof.Prove("payload and slack fit", length.overflow || Wide(length.value) >= exact);
  proof.Prove("less than a page is wasted",
              length.overflow || Wide(length.value) < exact + Wide(Word(4096)));
}

BREAKPROOF_THEOREM(
    Z25, "In a mapping at any page, the payload is aligned and ends inside the mapping.") {
  const Word size = proof.Any("size");
  const Word start = proof.Any("start");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  const Word alignment = Word(1) << k;
  const Checked<Word> length = MappingLength(size, alignment);
  proof.Assume(!length.overflow);
  proof.Assume(start % 4096 == 0 && start <= kMaxRequest && start + length.value <= kMaxRequest);
  const Word payload = PayloadStart(start, alignment);
  proof.Prove("aligned", ((payload >> k) << k) == payload);
  proof.Prove("starts inside", payload >= start);
  proof.Prove("ends inside", size <= length.value && payload - start <= length.value - size);
}

}  // namespace
}  // namespace breakproof::arithmetic
