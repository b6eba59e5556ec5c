// Theorems about page_map_index.h.
#include "allocator/arithmetic/page_map_index.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;

BREAKPROOF_THEOREM(Z38,
                   "Exactly the addresses below 2^48 are mappable, and their slots are inside the "
                   "root and the leaf.") {
  const Word address = proof.Any("address");
  proof.Prove("mappable exactly then",
              IsMappable(address) == (address < Word(std::uint64_t{1} << 48)));
  proof.Prove("root slot", Implies(IsMappable(address), RootIndex(address) < kRootSlots));
  proof.Prove("leaf slot, for any address", LeafIndex(address) < kLeafSlots);
}

BREAKPROOF_THEOREM(Z39,
                   "Slots and pages are one to one: each page's slots lead back to it, each pair "
                   "of slots to itself.") {
  const Word address = proof.Any("address");
  const Word root = proof.Any("root");
  const Word leaf = proof.Any("leaf");
  proof.Assume(root < kRootSlots && leaf < kLeafSlots);
  proof.Prove("from a page and back",
              PageAddress(RootIndex(address), LeafIndex(address)) == (address & ~Word(4095)));
  const Word page = PageAddress(root, leaf);
  proof.Prove("from slots and back", RootIndex(page) == root && LeafIndex(page) == leaf);
  proof.Prove("a mappable page", IsMappable(page) && page % 4096 == 0);
}

BREAKPROOF_THEOREM(Z40, "Two addresses share their slots exactly when they are in the same page.") {
  const Word x = proof.Any("x");
  const Word y = proof.Any("y");
  const Bool<Word> is_same_slot = RootIndex(x) == RootIndex(y) && LeafIndex(x) == LeafIndex(y);
  proof.Prove("exactly then", is_same_slot == (x / 4096 == y / 4096));
}

BREAKPROOF_THEOREM(Z41, "The next page has the next slot, or the first of the next leaf.") {
  const Word address = proof.Any("address");
  proof.Assume(address < Word(0) - 4096);
  const Word next = address + 4096;
  const Bool<Word> is_last = LeafIndex(address) == kLeafSlots - 1;
  proof.Prove("inside a leaf", is_last || (RootIndex(next) == RootIndex(address) &&
                                           LeafIndex(next) == LeafIndex(address) + 1));
  proof.Prove("across leaves",
              !is_last || (RootIndex(next) == RootIndex(address) + 1 && LeafIndex(next) == 0));
}

}  // namespace
}  // namespace breakproof::arithmetic
