// Words that look like the allocator's own, for programs that leave such words in their blocks without knowing it.
//
// An allocator writes into free blocks, and what it wrote comes back to the program in memory that was never written to:
// links, keys, addresses in a disguise. A program may copy them anywhere. Here they are gathered when blocks are handed out
// and made anew for other addresses. All of it a legal program could do: no byte of a free block is looked at.
//
// No library, no allocation, no exceptions: runs inside the worker process.
#pragma once

#include <cstdint>

namespace breakproof::harness {

class HostileWords {
 public:
  // A block at this address was handed out, and its first word was this; a word that the program itself left there says
  // nothing of the allocator, and is passed over.
  void HandedOut(std::uint64_t address, std::uint64_t first_word);
  // A block at this address is freed, with this first word.
  void Freed(std::uint64_t address, std::uint64_t first_word);

  // What to write at `address`, the n-th word that is asked for.
  std::uint64_t WordFor(std::uint64_t address, std::uint64_t n) const;

 private:
  struct Left {
    std::uint64_t address;
    std::uint64_t word;
  };
  static constexpr std::uint64_t kLeft = 256;  // by address; a power of two
  static std::uint64_t PlaceOf(std::uint64_t address) { return (address >> 4 ^ address >> 12) % kLeft; }

  static constexpr std::uint64_t kSeen = 4;  // the newest ones
  Left left_[kLeft] = {};
  Left seen_[kSeen] = {};
  std::uint64_t freed_[kSeen] = {};  // addresses
  std::uint64_t seen_count_ = 0;
  std::uint64_t freed_count_ = 0;
};

}  // namespace breakproof::harness
