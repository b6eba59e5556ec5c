// Threads that allocate, free each other's blocks and end, on the real kernel: for ThreadSanitizer, which replaces
// malloc but not breakproof_malloc.
//
//   bazel test --config=tsan //tests/production/embedded:threads_test
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "allocator/interface/prefixed.h"
#include "harness/generate/random.h"

namespace {

using breakproof::harness::Random;

constexpr int kThreads = 4;     // at a time
constexpr int kGenerations = 24;  // of threads: what one leaves, a later one takes over
constexpr int kRounds = 1500;
constexpr std::size_t kSlots = 512;

struct Block {
  unsigned char* bytes;
  std::size_t size;
};

// Blocks on their way from one thread to another. Handed over with acquire and release, as a correct program does:
// what ThreadSanitizer reports then is the allocator's.
class Exchange {
 public:
  ~Exchange() {
    for (std::atomic<Block*>& slot : slots_) Free(slot.exchange(nullptr));
  }

  void Put(std::size_t slot, Block* block) { Free(slots_[slot].exchange(block, std::memory_order_acq_rel)); }

  static Block* Make(std::size_t size, unsigned char fill) {
    auto* const block = static_cast<Block*>(breakproof_malloc(sizeof(Block)));
    auto* const bytes = static_cast<unsigned char*>(breakproof_malloc(size));
    std::memset(bytes, fill, size);
    *block = {bytes, size};
    return block;
  }

  static void Free(Block* block) {
    if (block == nullptr) return;
    const unsigned char first = block->bytes[0];
    EXPECT_EQ(block->bytes[block->size - 1], first) << "somebody else wrote to the block";
    breakproof_free(block->bytes);
    breakproof_free(block);
  }

 private:
  std::atomic<Block*> slots_[kSlots] = {};
};

void Work(Exchange& exchange, std::uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < kRounds; ++i) {
    // Mostly small; now and then whole spans and mappings of their own.
    const std::uint64_t size = random.OneIn(200) ? random.Between(1, 400000) : random.Between(1, 2000);
    exchange.Put(random.Below(kSlots), Exchange::Make(size, static_cast<unsigned char>(seed)));
  }
}

TEST(Threads, FreeEachOthersBlocksAndEnd) {
  Exchange exchange;
  std::uint64_t seed = 1;
  for (int generation = 0; generation < kGenerations; ++generation) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(Work, std::ref(exchange), seed++);
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
