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
  // Allocators keep what they need of a free block in its first two words.
  static constexpr std::uint64_t kWords = 2;

  // A word at this address was found in a block that was handed out. One that the program itself left there says nothing
  // of the allocator, and is passed over.
  void Found(std::uint64_t address, std::uint64_t word);
  // A word of a block that is about to be freed.
  void Left(std::uint64_t address, std::uint64_t word);
  // The block at this address is about to be freed.
  void Freed(std::uint64_t address) { freed_[freed_count_++ % kSeen] = address; }

  // What to write at `address`, a multiple of 8, as the n-th word that is asked for.
  std::uint64_t WordFor(std::uint64_t address, std::uint64_t n) const;

 private:
  struct Word {
    std::uint64_t address;
    std::uint64_t value;
  };
  static constexpr std::uint64_t kLeft = 512;  // by address; a power of two
  static std::uint64_t PlaceOf(std::uint64_t address) { return (address >> 3 ^ address >> 12) % kLeft; }
  static std::uint64_t PositionOf(std::uint64_t address) { return address / 8 % kWords; }

  static constexpr std::uint64_t kSeen = 4;  // the newest ones
  Word left_[kLeft] = {};
  Word seen_[kWords][kSeen] = {};  // first words with first words, second ones with second ones
  std::uint64_t seen_count_[kWords] = {};
  std::uint64_t freed_[kSeen] = {};
  std::uint64_t freed_count_ = 0;
};

}  // namespace breakproof::harness
