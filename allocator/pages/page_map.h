// From an address to its span: two levels, one entry a page.
//
// Readers take no lock: a slot is one word, and whoever frees a block knows that its slot cannot change
// meanwhile. Writers hold the page heap's lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arithmetic/page_map_index.h"
#include "allocator/kernel/kernel.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

class PageMap {
 public:
  // The span that the page of `address` was entered for; nobody() if there is none. Never null, and never a
  // branch: what was not entered leads to the empty leaf, and an empty slot to nobody. Only the low 48 bits are
  // looked at: an address beyond them is not canonical, and faults when it is touched.
  Span* Find(std::uintptr_t address) const {
    const std::uintptr_t leaf = Load(root_[arithmetic::RootIndex<std::uint64_t>(address) % arithmetic::kRootSlots]) +
                                reinterpret_cast<std::uintptr_t>(empty_leaf_);
    const auto* const slots = reinterpret_cast<const Slot*>(leaf);
    return reinterpret_cast<Span*>(Load(slots[arithmetic::LeafIndex<std::uint64_t>(address)]) +
                                   reinterpret_cast<std::uintptr_t>(&nobody_));
  }

  // A span that is in no use: no owner, no payload.
  const Span* nobody() const { return &nobody_; }

  // Makes sure that [start, start + bytes) can be entered; false if the kernel has no memory for it, which
  // changes nothing that matters.
  bool Cover(const Kernel& kernel, std::uintptr_t start, std::uint64_t bytes);

  // Makes sure that the next Cover of a single page succeeds, wherever it is: for a mapping that may move and
  // cannot be moved back.
  bool ReserveOnePage(const Kernel& kernel);

  // Enters the span for the page, which must be covered; nullptr for nobody.
  void Set(std::uintptr_t page, const Span* span) {
    const std::uintptr_t leaf = Load(root_[arithmetic::RootIndex<std::uint64_t>(page)]) +
                                reinterpret_cast<std::uintptr_t>(empty_leaf_);
    const std::uintptr_t value =
        span == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(span) - reinterpret_cast<std::uintptr_t>(&nobody_);
    __atomic_store_n(&reinterpret_cast<Slot*>(leaf)[arithmetic::LeafIndex<std::uint64_t>(page)], value,
                     __ATOMIC_RELAXED);
  }

  // Enters `entry` for every page of the span.
  void SetAll(const Span& span, const Span* entry) {
    for (std::uintptr_t page = span.start; page < span.end(); page += kPageSize) Set(page, entry);
  }

  // For its first and last page, by which its neighbours find a free span.
  void SetEnds(const Span& span, const Span* entry) {
    Set(span.start, entry);
    Set(span.end() - kPageSize, entry);
  }

 private:
  // Plain words and the compiler's atomics: half a million constructors would be too many for a constant initialiser.
  using Slot = std::uintptr_t;
  static std::uintptr_t Load(const Slot& slot) { return __atomic_load_n(&slot, __ATOMIC_RELAXED); }

  Slot* NewLeaf(const Kernel& kernel);

  friend struct MapOfNothing;

  // A slot of the root is a leaf's address less the empty leaf's, a slot of a leaf a span's address less nobody's. Root
  // and leaves take two MiB of addresses each, of which only the pages that are used become resident.
  Span nobody_;                              // never written
  Slot* spare_;                              // a leaf in reserve
  Slot root_[arithmetic::kRootSlots];
  Slot empty_leaf_[arithmetic::kLeafSlots];  // never written
};

// As much of an empty page map as is looked at for the null pointer, whose slots are the first ones: for free(nullptr)
// before there is a heap.
struct MapOfNothing {
  using Slot = PageMap::Slot;
  static constexpr Slot LeafOffset() { return offsetof(PageMap, empty_leaf_); }
  static constexpr Slot RootOffset() { return offsetof(PageMap, root_); }

  Span nobody{};
  Slot* spare = nullptr;
  Slot first_root;  // leads to the slot below
  Slot slot = 0;    // of nobody
};
inline constexpr MapOfNothing kMapOfNothing = {.first_root = offsetof(MapOfNothing, slot) - MapOfNothing::LeafOffset()};
static_assert(offsetof(MapOfNothing, first_root) == MapOfNothing::RootOffset(), "laid out as an empty page map begins");

}  // namespace breakproof::allocator
