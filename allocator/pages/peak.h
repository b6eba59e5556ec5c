// The peak: the most pages that were ever resident, and what may be done to stay below it.
//
// Memory that is free and dirty is resident for nothing. It is worth keeping, since touching it again costs no page
// fault, but not worth a new peak: before there is one, dirty pages are discarded. So that a program whose demand goes up
// and down just below its peak does not fault for every page it takes, each page discarded early is paid for with pages
// handed out; where that is not enough, the peak rises, and the pressure falls.
#pragma once

#include <cstdint>

namespace breakproof::allocator {

// Zero-initialised memory is one. Not thread-safe: the page heap's lock protects it. All numbers are pages.
class Peak {
 public:
  // So many were handed out; `resident` there are now, and the heap never had more than `most_heap`. By what that has
  // risen since it was last told, which cannot happen often, as many are paid for. Returns how many to discard.
  std::uint64_t Take(std::uint64_t pages, std::uint64_t resident, std::uint64_t most_heap) {
    const std::uint64_t grown = most_heap - most_heap_;
    most_heap_ = most_heap;
    Earn(pages + grown * kPrice);
    return pages < kLarge || grown > 0 ? Excess(resident) : 0;
  }

  // What is above the peak, if it can be paid for.
  std::uint64_t Excess(std::uint64_t resident) const {
    if (resident <= most_) return 0;
    const std::uint64_t excess = resident - most_ > kLeast ? resident - most_ : kLeast;
    return excess * kPrice <= credit_ ? excess : 0;
  }

  // So many were discarded.
  void Pay(std::uint64_t pages) { credit_ -= pages * kPrice < credit_ ? pages * kPrice : credit_; }

  bool IsExceededBy(std::uint64_t resident) const { return resident > most_; }

  void Reach(std::uint64_t resident) {
    if (resident > most_) most_ = resident;
  }

 private:
  static constexpr std::uint64_t kPrice = 32;  // to be handed out for each one discarded
  // Fewer are not discarded at a time: the call itself costs as much.
  static constexpr std::uint64_t kLeast = 16;
  // A block of so many faults for all of its pages when it comes again: where the heap has room for it, the peak rises.
  static constexpr std::uint64_t kLarge = 256;

  // What is not needed for long is not saved up for ever.
  void Earn(std::uint64_t pages) {
    credit_ += pages;
    if (credit_ > kPrice * most_) credit_ = kPrice * most_;
  }

  std::uint64_t most_;
  std::uint64_t most_heap_;
  std::uint64_t credit_;
};

}  // namespace breakproof::allocator
