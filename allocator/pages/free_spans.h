// The free spans of the page heap, by length: the shortest that fits is found in a few steps.
//
// Spans whose pages are likely resident come first in each list. Not thread-safe.
#pragma once

#include <cstdint>

#include "allocator/pages/span.h"

namespace breakproof::allocator {

class FreeSpans {
 public:
  void Insert(Span* span);
  void Remove(Span* span);

  // The best span of at least `pages`, still in its list; nullptr if there is none.
  Span* Find(std::uint64_t pages) const;

  std::uint64_t pages() const { return pages_; }

  // Calls visit(span) for each.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::uint64_t word = 0; word < kLists / 64; ++word) {
      for (std::uint64_t bits = occupied_[word]; bits != 0; bits &= bits - 1) {
        const auto list = word * 64 + static_cast<std::uint64_t>(__builtin_ctzll(bits));
        for (Span* span = lists_[list]; span != nullptr; span = span->next) visit(span);
      }
    }
  }

 private:
  // A list for each length up to kExact pages, then four for each doubling.
  static constexpr std::uint64_t kExact = 64;
  static constexpr std::uint64_t kLists = 192;
  static std::uint64_t ListOf(std::uint64_t pages);

  Span* lists_[kLists];
  std::uint64_t occupied_[kLists / 64];  // bit l: lists_[l] is not empty
  std::uint64_t pages_;
};

}  // namespace breakproof::allocator
