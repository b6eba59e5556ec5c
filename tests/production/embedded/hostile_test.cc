// Threads whose blocks all begin with the one word that the allocator looks for in a free block: the mark of the block
// itself (allocator/heap/misuse.h). So every free, realloc and malloc_usable_size, by whichever thread, asks the books of
// other threads while these change them; none may be called misuse. Without ThreadSanitizer that is a test, with it also
// of data races:
//
//   bazel test --config=tsan //tests/production/embedded:hostile_test
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "allocator/interface/prefixed.h"
#include "harness/search/generate/random.h"

namespace {

using breakproof::harness::Random;

#if __has_feature(thread_sanitizer)
constexpr int kRounds = 30000;
#else
constexpr int kRounds = 300000;
#endif
constexpr int kThreads = 4;       // at a time
constexpr int kGenerations = 10;  // of threads: what one leaves, a later one takes over
constexpr std::size_t kSlots = 256;

std::uint64_t FirstWord(const void* block) {
  std::uint64_t word;
  std::memcpy(&word, block, sizeof word);
  return word;
}

// What no program should do: reads a block that it has freed. All marks are made with the same number.
std::uint64_t LearnSecret() {
  void* const block = breakproof_malloc(24);
  void* volatile freed = block;
  breakproof_free(block);
  return FirstWord(freed) ^ reinterpret_cast<std::uintptr_t>(block);
}

std::uint64_t secret;

// Mostly small; now and then pages, whole spans and mappings of their own.
std::size_t SomeSize(Random& random) {
  if (random.OneIn(100)) return random.Between(1, 300000);
  if (random.OneIn(8)) return random.Between(1, 8192);
  return random.Between(1, 200);
}

struct Block {
  char* bytes = nullptr;
  std::size_t size = 0;
};

// The first word is the mark, as far as there is room; the last byte tells whether the block was moved as a whole.
Block Hostile(void* bytes, std::size_t size) {
  const Block block = {static_cast<char*>(bytes), size};
  const std::uint64_t mark = secret ^ reinterpret_cast<std::uintptr_t>(bytes);
  std::memcpy(block.bytes, &mark, sizeof mark);  // no block is shorter
  if (size > sizeof mark) block.bytes[size - 1] = static_cast<char>(size);
  return block;
}

void CheckWhole(const Block& block) {
  ASSERT_EQ(FirstWord(block.bytes), secret ^ reinterpret_cast<std::uintptr_t>(block.bytes)) << "somebody else wrote";
  if (block.size > sizeof secret) ASSERT_EQ(block.bytes[block.size - 1], static_cast<char>(block.size));
}

// Each slot is held by one thread at a time, as a correct program does it: what is reported then is the allocator's.
class Slots {
 public:
  ~Slots() {
    for (Slot& slot : slots_) breakproof_free(slot.block.bytes);
  }

  template <typename Use>
  void With(std::size_t index, const Use& use) {
    Slot& slot = slots_[index];
    if (slot.is_held.exchange(true, std::memory_order_acquire)) return;
    use(slot.block);
    slot.is_held.store(false, std::memory_order_release);
  }

 private:
  struct Slot {
    std::atomic<bool> is_held = false;
    Block block;
  };
  Slot slots_[kSlots];
};

void UseOne(Block& block, Random& random) {
  if (block.bytes == nullptr) {
    const std::size_t size = SomeSize(random);
    block = Hostile(breakproof_malloc(size), size);
    return;
  }
  CheckWhole(block);
  switch (random.Below(4)) {
    case 0: {
      const std::size_t size = SomeSize(random);
      block = Hostile(breakproof_realloc(block.bytes, size), size);
      return;
    }
    case 1: EXPECT_GE(breakproof_malloc_usable_size(block.bytes), block.size); return;
    default: breakproof_free(block.bytes); block = {};
  }
}

TEST(Hostile, ContentsAreNoMisuse) {
  secret = LearnSecret();
  Slots slots;
  std::uint64_t seed = 1;
  for (int generation = 0; generation < kGenerations; ++generation) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&slots, seed = seed++] {
        Random random(seed);
        for (int round = 0; round < kRounds; ++round) {
          slots.With(random.Below(kSlots), [&](Block& block) { UseOne(block, random); });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

// What one thread takes out of its bin is asked about while it fills the bin anew: the addresses that lay there before are
// overwritten one by one, and are blocks in use.
class Refill {
 public:
  void Run() {
    std::thread one([this] { Ask(); }), another([this] { Ask(); });
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      blocks_[i] = Hostile(breakproof_malloc(kSize), kSize).bytes;
      ready_.store(i + 1, std::memory_order_release);
    }
    one.join();
    another.join();
    for (void* block : blocks_) breakproof_free(block);
  }

 private:
  static constexpr std::size_t kSize = 16, kAtOnce = 24;  // blocks of a refill

  void Ask() {
    for (std::size_t count = 0; count < blocks_.size();) {
      count = ready_.load(std::memory_order_acquire);
      const std::size_t first = count < kAtOnce ? 0 : count - kAtOnce;
      for (std::size_t i = first; i < count; ++i) EXPECT_GE(breakproof_malloc_usable_size(blocks_[i]), kSize);
    }
  }

  std::vector<void*> blocks_ = std::vector<void*>(kRounds);
  std::atomic<std::size_t> ready_ = 0;
};

TEST(Hostile, BlocksAreInUseWhileTheirThreadRefills) {
  secret = LearnSecret();
  for (int i = 0; i < 20; ++i) Refill().Run();
}

}  // namespace
