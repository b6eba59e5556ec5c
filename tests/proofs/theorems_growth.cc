// Theorems about growth.h.
#include "allocator/arithmetic/growth.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;
using proofs::Wide;

BREAKPROOF_THEOREM(Z33,
                   "The break rises by the fewest whole pages that give the top its need and "
                   "padding; not at all if the need is there.") {
  const Word need = proof.Any("need");
  const Word top_free = proof.Any("top_free");
  const Word top_pad = proof.Any("top_pad");
  const Checked<Word> growth = BreakGrowth(need, top_free, top_pad);
  const Bool<Word> grows = need > top_free && !growth.overflow;
  // In Words, which is exact: the first claim says that this sum does not wrap, and the growth is
  // below 2^63.
  const Word wanted = (need - top_free) + top_pad;
  proof.Prove("need and padding have a sum", Implies(grows, wanted >= top_pad));
  proof.Prove("whole pages", Implies(grows, growth.value % 4096 == 0));
  proof.Prove("enough", Implies(grows, growth.value >= wanted));
  proof.Prove("the fewest", Implies(grows, growth.value < wanted + 4096));
  proof.Prove("none if the need is there",
              Implies(need <= top_free, growth.value == 0 && !growth.overflow));
}

BREAKPROOF_THEOREM(Z34,
                   "Growth overflows exactly when more than PTRDIFF_MAX bytes of whole pages would "
                   "be asked for.") {
  const Word need = proof.Any("need");
  const Word top_free = proof.Any("top_free");
  const Word top_pad = proof.Any("top_pad");
  proof.Assume(need > top_free);
  const Checked<Word> growth = BreakGrowth(need, top_free, top_pad);
  const Word largest =
      Word(kMaxRequest) - 4095;  // the largest multiple of a page that is at most kMaxRequest
  proof.Prove("overflow exactly then",
              growth.overflow == (Wide(need - top_free) + Wide(top_pad) > Wide(largest)));
  proof.Prove("a positive increment",
              growth.overflow || (growth.value != 0 && growth.value <= kMaxRequest));
}

BREAKPROOF_THEOREM(Z35, "A trim gives back whole pages, all that it can, and leaves the padding.") {
  const Word top_free = proof.Any("top_free");
  const Word trim_threshold = proof.Any("trim_threshold");
  const Word top_pad = proof.Any("top_pad");
  proof.Assume(top_free >= trim_threshold && top_free > top_pad);
  const Word amount = TrimAmount(top_free, trim_threshold, top_pad);
  proof.Prove("whole pages", amount % 4096 == 0);
  proof.Prove("no more than there is", amount <= top_free);
  proof.Prove("the padding stays", top_free - amount >= top_pad);
  proof.Prove("less than a page beyond it stays", top_free - amount - top_pad < 4096);
}

BREAKPROOF_THEOREM(Z36,
                   "Nothing is trimmed below the trim threshold, nor from a top that is no more "
                   "than its padding.") {
  const Word top_free = proof.Any("top_free");
  const Word trim_threshold = proof.Any("trim_threshold");
  const Word top_pad = proof.Any("top_pad");
  proof.Assume(top_free < trim_threshold || top_free <= top_pad);
  proof.Prove("nothing", TrimAmount(top_free, trim_threshold, top_pad) == 0);
}

BREAKPROOF_THEOREM(Z37,
                   "After a trim a second gives nothing, and a need up to the padding grows "
                   "nothing: the break does not swing.") {
  const Word top_free = proof.Any("top_free");
  const Word trim_threshold = proof.Any("trim_threshold");
  const Word top_pad = proof.Any("top_pad");
  const Word need = proof.Any("need");
  const Word amount = TrimAmount(top_free, trim_threshold, top_pad);
  proof.Assume(amount != 0);
  const Word left = top_free - amount;
  proof.Prove("no second trim", TrimAmount(left, trim_threshold, top_pad) == 0);
  proof.Prove("no growth", Implies(need <= top_pad, BreakGrowth(need, left, top_pad).value == 0));
}

}  // namespace
}  // namespace breakproof::arithmetic
