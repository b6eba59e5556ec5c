// The free spans of the page heap, by length: the shortest that fits is found in a few steps.
//
// Spans that are zero are the second choice, however well they fit: touching them costs page faults, and they cost
// nothing while they are left alone. Not thread-safe.
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
    dirty_.ForEach(visit);
    zero_.ForEach(visit);
  }

 private:
  // A list for each length up to kExact pages, then four for each doubling; the last one has no end.
  static constexpr std::uint64_t kExact = 64;
  static constexpr std::uint64_t kLists = 128;
  static std::uint64_t ListOf(std::uint64_t pages);

  struct Lists {
    Span* first[kLists];
    std::uint64_t occupied[kLists / 64];  // bit l: first[l] is not nullptr

    Span* Find(std::uint64_t pages) const;
    template <typename Visit>
    void ForEach(Visit& visit) const {
      for (std::uint64_t word = 0; word < kLists / 64; ++word) {
        for (std::uint64_t bits = occupied[word]; bits != 0; bits &= bits - 1) {
          const auto list = word * 64 + static_cast<std::uint64_t>(__builtin_ctzll(bits));
          for (Span* span = first[list]; span != nullptr; span = span->next) visit(span);
        }
      }
    }
  };
  Lists& ListsFor(const Span& span) { return span.IsZero() ? zero_ : dirty_; }
  Lists dirty_, zero_;
  std::uint64_t pages_;
};

}  // namespace breakproof::allocator
