// Programs that never write to their blocks, or write no more than they must: legal, and dull, but what lies in such a
// block is what the allocator left there, and realloc carries it about. None may be ended for misuse.
//
//   unwritten FIRST_SEED LAST_SEED STEPS THREADS
//
// Each thread has blocks of its own; with more than one thread they are also handed on to the next one, which frees them.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <pthread.h>

namespace {

constexpr int kBlocks = 64;      // of a thread
constexpr int kMostThreads = 16;

long steps;
int threads;

struct Work {
  unsigned seed;
  bool hands_on;
};

void* handed_on[kMostThreads];  // to the thread of this number; a block, or nothing

// Mostly of several pages, which are a slab, whole pages or a mapping by turns; small ones between them.
size_t SomeSize(unsigned* seed) {
  if (rand_r(seed) % 3 != 0) return 4096 + rand_r(seed) % 60000;
  if (rand_r(seed) % 2 != 0) return 1024 + rand_r(seed) % 4000;
  return 1 + rand_r(seed) % 200;
}

void* Run(void* argument) {
  const Work work = *static_cast<const Work*>(argument);
  unsigned seed = work.seed;
  const auto self = static_cast<int>(work.seed % kMostThreads);
  void* blocks[kBlocks] = {};
  for (long step = 0; step < steps; ++step) {
    void*& block = blocks[rand_r(&seed) % kBlocks];
    const size_t size = SomeSize(&seed);
    block = OPAQUE(realloc)(block, size);
    CHECK(block != nullptr && malloc_usable_size(block) >= size);
    if (rand_r(&seed) % 3 != 0) continue;
    if (work.hands_on && rand_r(&seed) % 2 != 0) {
      block = __atomic_exchange_n(&handed_on[(self + 1) % threads], block, __ATOMIC_ACQ_REL);
    }
    free(block);
    block = nullptr;
  }
  for (void* block : blocks) free(block);
  return nullptr;
}

void RunThreads(unsigned seed, bool hands_on) {
  pthread_t others[kMostThreads];
  Work works[kMostThreads];
  for (int i = 0; i < threads; ++i) {
    works[i] = {seed * kMostThreads + static_cast<unsigned>(i), hands_on};
    CHECK(pthread_create(&others[i], nullptr, Run, &works[i]) == 0);
  }
  for (int i = 0; i < threads; ++i) CHECK(pthread_join(others[i], nullptr) == 0);
  for (void*& block : handed_on) {
    free(block);
    block = nullptr;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 5);
  steps = atol(argv[3]);
  threads = atoi(argv[4]);
  CHECK(threads >= 1 && threads <= kMostThreads);
  for (int seed = atoi(argv[1]); seed <= atoi(argv[2]); ++seed) {
    if (threads > 1) {
      RunThreads(static_cast<unsigned>(seed), false);
      RunThreads(static_cast<unsigned>(seed), true);
    } else {
      Work work = {static_cast<unsigned>(seed), false};
      Run(&work);
    }
  }
  return 0;
}
