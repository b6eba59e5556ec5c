#include "allocator/pages/free_spans.h"

#include "allocator/base/require.h"

namespace breakproof::allocator {

std::uint64_t FreeSpans::ListOf(std::uint64_t pages) {
  if (pages <= kExact) return pages - 1;
  const auto highest = static_cast<std::uint64_t>(63 - __builtin_clzll(pages));
  const std::uint64_t quarter = pages >> (highest - 2) & 3;
  const std::uint64_t list = kExact + (highest - 6) * 4 + quarter;
  return list < kLists ? list : kLists - 1;
}

void FreeSpans::Insert(Span* span) {
  const std::uint64_t list = ListOf(span->pages);
  Lists& lists = ListsFor(*span);
  Span*& head = lists.first[list];
  span->previous = nullptr;
  span->next = head;
  head = span;
  if (span->next != nullptr) span->next->previous = span;
  lists.occupied[list / 64] |= 1ull << list % 64;
  pages_ += span->pages;
}

void FreeSpans::Remove(Span* span) {
  const std::uint64_t list = ListOf(span->pages);
  Lists& lists = ListsFor(*span);
  if (span->previous != nullptr) {
    span->previous->next = span->next;
  } else {
    BREAKPROOF_REQUIRE(lists.first[list] == span, "a free span is not in the list of its length");
    lists.first[list] = span->next;
  }
  if (span->next != nullptr) span->next->previous = span->previous;
  span->next = span->previous = nullptr;
  if (lists.first[list] == nullptr) lists.occupied[list / 64] &= ~(1ull << list % 64);
  pages_ -= span->pages;
}

Span* FreeSpans::Find(std::uint64_t pages) const {
  Span* const dirty = dirty_.Find(pages);
  return dirty != nullptr ? dirty : zero_.Find(pages);
}

__attribute__((noinline)) Span* FreeSpans::Lists::Find(std::uint64_t pages) const {
  const std::uint64_t list = ListOf(pages);
  constexpr int kMostLookedAt = 16;  // best fit among a few: the rest would cost more than it saves
  Span* best = nullptr;
  int looked_at = 0;
  for (Span* span = first[list]; span != nullptr && looked_at < kMostLookedAt; span = span->next, ++looked_at) {
    if (span->pages >= pages && (best == nullptr || span->pages < best->pages)) best = span;
  }
  if (best != nullptr) return best;
  // Beyond the list of its own length every span fits.
  std::uint64_t word = (list + 1) / 64;
  if (word >= kLists / 64) return nullptr;
  std::uint64_t bits = occupied[word] & ~0ull << (list + 1) % 64;
  while (bits == 0) {
    if (++word == kLists / 64) return nullptr;
    bits = occupied[word];
  }
  return first[word * 64 + static_cast<std::uint64_t>(__builtin_ctzll(bits))];
}

}  // namespace breakproof::allocator
