#include "harness/execute/hostile.h"

namespace breakproof::harness {

void HostileWords::HandedOut(std::uint64_t address, std::uint64_t first_word) {
  const Left& left = left_[PlaceOf(address)];
  const bool is_the_programs = left.address == address && left.word == first_word;
  if (first_word == 0 || is_the_programs) return;
  seen_[seen_count_++ % kSeen] = {address, first_word};
}

void HostileWords::Freed(std::uint64_t address, std::uint64_t first_word) {
  left_[PlaceOf(address)] = {address, first_word};
  freed_[freed_count_++ % kSeen] = address;
}

std::uint64_t HostileWords::WordFor(std::uint64_t address, std::uint64_t n) const {
  const Left& seen = seen_[n / 2 % kSeen];
  // First words are what allocators look at: a disguise that is an exclusive or with a secret, moved to this address.
  if (n % 2 == 0 && seen.word != 0) return seen.word ^ seen.address ^ address;
  switch (n / 2 % 3) {
    case 0: return freed_[n / 6 % kSeen];
    case 1: return seen.word;
    default: return address;
  }
}

}  // namespace breakproof::harness
