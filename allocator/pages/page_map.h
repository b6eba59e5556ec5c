// From an address to its span: two levels, one entry a page.
//
// Readers take no lock: an entry is one word, and whoever frees a block knows that its entry cannot change
// meanwhile. Writers hold the page heap's lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "allocator/arithmetic/page_map_index.h"
#include "allocator/kernel/kernel.h"
#include "allocator/pages/span.h"

namespace breakproof::allocator {

// What free needs to know, in one word: the owner's id (16 bits), the span, and in the low seven bits of its
// address the size class. 0: not ours.
class PageEntry {
 public:
  PageEntry() : bits_(0) {}
  PageEntry(Span* span, std::uint64_t owner, std::uint64_t size_class)
      : bits_(reinterpret_cast<std::uintptr_t>(span) | owner << kOwnerShift | size_class) {}

  std::uint64_t owner() const { return bits_ >> kOwnerShift; }
  std::uint64_t size_class() const { return bits_ & kClassMask; }
  Span* span() const { return reinterpret_cast<Span*>(bits_ & ((1ull << kOwnerShift) - 1) & ~kClassMask); }
  bool IsOurs() const { return bits_ != 0; }

 private:
  static constexpr std::uint64_t kOwnerShift = 48;
  static constexpr std::uint64_t kClassMask = 127;
  std::uint64_t bits_;
};
static_assert(sizeof(PageEntry) == 8);

class PageMap {
 public:
  using Slot = std::atomic<PageEntry>;

  // The entry of the page that holds `address`. Only the low 48 bits are looked at: an address beyond them is
  // not canonical, and faults when it is touched.
  PageEntry Find(std::uintptr_t address) const {
    const Slot* const leaf =
        root_[arithmetic::RootIndex<std::uint64_t>(address) % arithmetic::kRootSlots].load(std::memory_order_relaxed);
    if (__builtin_expect(leaf == nullptr, 0)) return {};
    return leaf[arithmetic::LeafIndex<std::uint64_t>(address)].load(std::memory_order_relaxed);
  }

  // Makes sure that [start, start + bytes) can be entered; false if the kernel has no memory for it, which
  // changes nothing that matters.
  bool Cover(const Kernel& kernel, std::uintptr_t start, std::uint64_t bytes);

  // Makes sure that the next Cover of a single page succeeds, wherever it is: for a mapping that may move and
  // cannot be moved back.
  bool ReserveOnePage(const Kernel& kernel);

  // The page must be covered.
  void Set(std::uintptr_t page, PageEntry entry) {
    root_[arithmetic::RootIndex<std::uint64_t>(page)]
        .load(std::memory_order_relaxed)[arithmetic::LeafIndex<std::uint64_t>(page)]
        .store(entry, std::memory_order_relaxed);
  }

  // Every page of the span.
  void SetAll(const Span& span, PageEntry entry) {
    for (std::uintptr_t page = span.start; page < span.end(); page += kPageSize) Set(page, entry);
  }

  // First and last page, by which its neighbours find a free span.
  void SetEnds(const Span& span, PageEntry entry) {
    Set(span.start, entry);
    Set(span.end() - kPageSize, entry);
  }

 private:
  Slot* NewLeaf(const Kernel& kernel);

  // Two MiB of addresses, of which only the pages that are used become resident.
  std::atomic<Slot*> root_[arithmetic::kRootSlots];
  Slot* spare_;  // a leaf in reserve
};

}  // namespace breakproof::allocator
