// Bursts of mixed sizes on threads that end; some blocks are left with other threads. After the stress tests of
// mimalloc and rpmalloc.
#include <atomic>

#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"
#include "bench/workloads/support/threads.h"

namespace breakproof::bench {

namespace {

constexpr int kThreads = 4;
constexpr int kBursts = 4;          // a thread's life
constexpr int kMostBlocks = 1500;   // a burst
constexpr int kExchange = 1000;

// Begins every block, so that whoever finds one knows its size.
struct Header {
  std::uint64_t size;
  std::uint64_t tag;
};

std::size_t BurstSize(Random* random) {
  const std::uint64_t kind = random->Below(1000);
  if (kind < 900) return random->Between(sizeof(Header), 256);
  if (kind < 990) return random->Between(256, 4096);
  if (kind < 999) return random->Between(4096, 64 << 10);
  return random->Between(64 << 10, 512 << 10);
}

Header* Make(Random* random) {
  const std::size_t size = BurstSize(random);
  Header* const block = static_cast<Header*>(NewBlock(size, random->Next()));
  *block = {size, random->Next()};
  return block;
}

std::uint64_t Release(Header* block) {
  if (block == nullptr) return 0;
  const std::uint64_t tag = block->tag;
  std::free(block);
  return tag;
}

// What a thread finds in the exchange depends on the others; that everything is found once does not.
std::uint64_t Burst(Random* random, std::atomic<Header*>* exchange) {
  Header* blocks[kMostBlocks] = {};
  std::uint64_t sum = 0;
  const std::uint64_t count = random->Between(kMostBlocks / 4, kMostBlocks);
  for (std::uint64_t i = 0; i < count; ++i) {
    blocks[i] = Make(random);
    // Every other block dies young.
    const std::uint64_t victim = random->Below(2 * (i + 1));
    if (victim <= i) {
      sum += Release(blocks[victim]);
      blocks[victim] = nullptr;
    }
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (random->Below(8) == 0) blocks[i] = exchange[random->Below(kExchange)].exchange(blocks[i]);
    sum += Release(blocks[i]);
  }
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  static std::atomic<Header*> exchange[kExchange];
  std::uint64_t sum = 0;
  for (std::uint64_t generation = 0; generation < parameters.iterations; ++generation) {
    sum += SumOverThreads(kThreads, [&](int thread) {
      Random random(parameters.seed + generation * kThreads + static_cast<unsigned>(thread));
      std::uint64_t read = 0;
      for (int i = 0; i < kBursts; ++i) read += Burst(&random, exchange);
      return read;
    });
  }
  for (std::atomic<Header*>& block : exchange) sum += Release(block.exchange(nullptr));
  return sum;
}

}  // namespace breakproof::bench
