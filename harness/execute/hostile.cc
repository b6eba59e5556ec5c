#include "harness/execute/hostile.h"

namespace breakproof::harness {

void HostileWords::Found(std::uint64_t address, std::uint64_t word) {
  const Word& left = left_[PlaceOf(address)];
  const bool is_the_programs = left.address == address && left.value == word;
  if (word == 0 || is_the_programs) return;
  const std::uint64_t position = PositionOf(address);
  seen_[position][seen_count_[position]++ % kSeen] = {address, word};
}

void HostileWords::Left(std::uint64_t address, std::uint64_t word) { left_[PlaceOf(address)] = {address, word}; }

// An address in a disguise that is an exclusive or with a secret is moved to its new place; anything else is used as it is.
std::uint64_t HostileWords::WordFor(std::uint64_t address, std::uint64_t n) const {
  const Word& seen = seen_[PositionOf(address)][n / 4 % kSeen];
  if (n % 4 < 2 && seen.value != 0) return seen.value ^ seen.address ^ address;
  if (n % 4 == 2) return seen.value;
  return n / 4 % 2 == 0 ? freed_[n / 8 % kSeen] : address;
}

}  // namespace breakproof::harness
