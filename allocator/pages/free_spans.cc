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
  Span*& head = lists_[list];
  // Clean ones go behind the first: touching them costs page faults, so they are the second choice.
  if (head != nullptr && span->is_zero) {
    span->previous = head;
    span->next = head->next;
    head->next = span;
  } else {
    span->previous = nullptr;
    span->next = head;
    head = span;
  }
  if (span->next != nullptr) span->next->previous = span;
  occupied_[list / 64] |= 1ull << list % 64;
  pages_ += span->pages;
}

void FreeSpans::Remove(Span* span) {
  const std::uint64_t list = ListOf(span->pages);
  if (span->previous != nullptr) {
    span->previous->next = span->next;
  } else {
    BREAKPROOF_REQUIRE(lists_[list] == span, "a free span is not in the list of its length");
    lists_[list] = span->next;
  }
  if (span->next != nullptr) span->next->previous = span->previous;
  span->next = span->previous = nullptr;
  if (lists_[list] == nullptr) occupied_[list / 64] &= ~(1ull << list % 64);
  pages_ -= span->pages;
}

Span* FreeSpans::Find(std::uint64_t pages) const {
  const std::uint64_t list = ListOf(pages);
  constexpr int kMostLookedAt = 16;  // best fit among a few: the rest would cost more than it saves
  Span* best = nullptr;
  int looked_at = 0;
  for (Span* span = lists_[list]; span != nullptr && looked_at < kMostLookedAt; span = span->next, ++looked_at) {
    if (span->pages >= pages && (best == nullptr || span->pages < best->pages)) best = span;
  }
  if (best != nullptr) return best;
  // Beyond the list of its own length every span fits.
  std::uint64_t word = (list + 1) / 64;
  if (word >= kLists / 64) return nullptr;
  std::uint64_t bits = occupied_[word] & ~0ull << (list + 1) % 64;
  while (bits == 0) {
    if (++word == kLists / 64) return nullptr;
    bits = occupied_[word];
  }
  return lists_[word * 64 + static_cast<std::uint64_t>(__builtin_ctzll(bits))];
}

}  // namespace breakproof::allocator
