// Blocks on their way from one thread to another, each written, read back and freed by whoever finds it; and beside them
// the blocks that each thread keeps to itself.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>

#include "harness/search/generate/random.h"
#include "tests/production/embedded/names.h"
#include "tests/production/embedded/owner.h"

namespace breakproof::tests {

struct Block {
  unsigned char* bytes;
  std::size_t size;
};

// Blocks on their way from one thread to another. Handed over with acquire and release, as a correct program does:
// what ThreadSanitizer reports then is the allocator's.
class Exchange {
 public:
  static constexpr std::size_t kSlots = 512;

  ~Exchange() {
    for (std::atomic<Block*>& slot : slots_) Free(slot.exchange(nullptr));
  }

  void Put(std::size_t slot, Block* block) { Free(slots_[slot].exchange(block, std::memory_order_acq_rel)); }

  static Block* Make(std::size_t size, unsigned char fill) {
    auto* const block = static_cast<Block*>(names::Malloc(sizeof(Block)));
    auto* const bytes = static_cast<unsigned char*>(names::Malloc(size));
    std::memset(bytes, fill, size);
    *block = {bytes, size};
    return block;
  }

  static void Free(Block* block) {
    if (block == nullptr) return;
    const unsigned char first = block->bytes[0];
    EXPECT_EQ(block->bytes[block->size - 1], first) << "somebody else wrote to the block";
    names::Free(block->bytes);
    names::Free(block);
  }

 private:
  std::atomic<Block*> slots_[kSlots] = {};
};

// `rounds` blocks, each into a slot that somebody else may empty.
inline void Work(Exchange& exchange, std::uint64_t seed, int rounds) {
  harness::Random random(seed);
  Owner owner(seed);
  for (int i = 0; i < rounds; ++i) {
    // Mostly small; now and then whole spans and mappings of their own.
    const std::uint64_t size = random.OneIn(200) ? random.Between(1, 400000) : random.Between(1, 2000);
    exchange.Put(random.Below(Exchange::kSlots), Exchange::Make(size, static_cast<unsigned char>(seed)));
    owner.Step();
    owner.Step();
  }
}

}  // namespace breakproof::tests
