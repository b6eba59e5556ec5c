// From an address to its span: two levels, one entry a page.
//
// Readers take no lock: a slot is one word, and whoever frees a block knows that its slot cannot change
// meanwhile. Writers hold the page heap's lock.
//
// Between free's argument and the bin that the block goes to lies a chain of loads, each of which waits for the one
// before, and the next malloc waits for the bin. Two things shorten it: a thread remembers the leaf that it used last
// instead of asking the root, and a leaf tells the class of a slab's pages without the slab's description.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arithmetic/page_map_index.h"
#include "allocator/kernel/kernel.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

// What is known about the pages of one gibibyte. Zeroed memory is one that knows nothing.
class PageMapLeaf {
 public:
  // `index` is a LeafIndex. Never null, and never a branch: an empty slot leads to a span in no use.
  Span* SpanAt(std::uint64_t index) const {
    const std::uintptr_t slot = __atomic_load_n(&slots_[index], __ATOMIC_RELAXED);
    return reinterpret_cast<Span*>(slot + reinterpret_cast<std::uintptr_t>(this));
  }
  // Of the slab that the page belongs to. Means nothing for a page of any other span, nor for that of a mixed slab.
  std::uint64_t ClassAt(std::uint64_t index) const { return classes_[index]; }

 private:
  friend class PageMap;

  [[maybe_unused]] Span nobody_;  // what an empty slot leads to; never written: no use, no owner
  // Of a span, its address less the leaf's. Plain words and the compiler's atomics: half a million constructors would be
  // too many for a constant initialiser.
  std::uintptr_t slots_[arithmetic::kLeafSlots];
  std::uint8_t classes_[arithmetic::kLeafSlots];
};

class PageMap {
 public:
  // The span that the page of `address` was entered for; one of nobody's if there is none. Never null, and never a
  // branch: what was not entered leads to the empty leaf. Only the low 48 bits are looked at: an address beyond them is
  // not canonical, and faults when it is touched.
  Span* Find(std::uintptr_t address) const {
    const std::uint64_t root = arithmetic::RootIndex<std::uint64_t>(address) % arithmetic::kRootSlots;
    return LeafAt(root)->SpanAt(arithmetic::LeafIndex<std::uint64_t>(address));
  }

  // Whether what Find returned is a span that was entered.
  static bool IsSomebody(const Span& span) { return span.use != SpanUse::kUnused; }

  // The leaf for any address; nullptr if there is none. It stays where it is.
  const PageMapLeaf* LeafOf(std::uintptr_t address) const {
    const std::uint64_t root = arithmetic::RootIndex<std::uint64_t>(address);
    return root < arithmetic::kRootSlots && Load(root_[root]) != 0 ? LeafAt(root) : nullptr;
  }

  // Makes sure that [start, start + bytes) can be entered; false if the kernel has no memory for it, which
  // changes nothing that matters.
  bool Cover(const Kernel& kernel, std::uintptr_t start, std::uint64_t bytes);

  // Makes sure that the next Cover of a single page succeeds, wherever it is: for a mapping that may move and
  // cannot be moved back.
  bool ReserveOnePage(const Kernel& kernel);

  // Enters the span for the page, which must be covered; nullptr for nobody.
  void Set(std::uintptr_t page, const Span* span) {
    PageMapLeaf* const leaf = WritableLeaf(page);
    const std::uintptr_t value =
        span == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(span) - reinterpret_cast<std::uintptr_t>(leaf);
    __atomic_store_n(&leaf->slots_[arithmetic::LeafIndex<std::uint64_t>(page)], value, __ATOMIC_RELAXED);
  }

  // Enters `entry` for every page of the span.
  void SetAll(const Span& span, const Span* entry) {
    for (std::uintptr_t page = span.start; page < span.end(); page += kPageSize) Set(page, entry);
  }

  // The same for a slab, with its class.
  void SetSlab(const Span& slab) {
    for (std::uintptr_t page = slab.start; page < slab.end(); page += kPageSize) {
      Set(page, &slab);
      WritableLeaf(page)->classes_[arithmetic::LeafIndex<std::uint64_t>(page)] = slab.size_class;
    }
  }

  // For its first and last page, by which its neighbours find a free span.
  void SetEnds(const Span& span, const Span* entry) {
    Set(span.start, entry);
    Set(span.end() - kPageSize, entry);
  }

 private:
  static std::uintptr_t Load(const std::uintptr_t& slot) { return __atomic_load_n(&slot, __ATOMIC_RELAXED); }

  const PageMapLeaf* LeafAt(std::uint64_t root) const {
    return reinterpret_cast<const PageMapLeaf*>(Load(root_[root]) + reinterpret_cast<std::uintptr_t>(&empty_leaf_));
  }
  PageMapLeaf* WritableLeaf(std::uintptr_t page) {
    return const_cast<PageMapLeaf*>(LeafAt(arithmetic::RootIndex<std::uint64_t>(page)));
  }
  PageMapLeaf* NewLeaf(const Kernel& kernel);

  // A slot of the root is a leaf's address less the empty leaf's. Root and leaves take two MiB of addresses each, and a
  // little, of which only the pages that are used become resident.
  PageMapLeaf* spare_;                             // in reserve
  std::uintptr_t root_[arithmetic::kRootSlots];
  PageMapLeaf empty_leaf_;                         // never written
};

}  // namespace breakproof::allocator
