// Statistics and trimming while other threads allocate: they return, their sums stay plausible, no block is harmed.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <pthread.h>

namespace {

constexpr int kThreads = 3;
constexpr int kBlocks = 300;
constexpr long kOperations = 1000000;
long operations;  // of all threads
bool is_over;

void* Run(void* argument) {
  unsigned draw = static_cast<unsigned>(reinterpret_cast<size_t>(argument));
  struct {
    unsigned char* bytes;
    size_t size;
  } blocks[kBlocks] = {};
  while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
    draw = draw * 1664525 + 1013904223;
    auto& block = blocks[(draw >> 16) % kBlocks];
    if (block.bytes != nullptr) {
      CHECK(block.bytes[0] == block.size % 251 && block.bytes[block.size - 1] == block.size % 251);
      free(block.bytes);
    }
    __atomic_fetch_add(&operations, 1, __ATOMIC_RELAXED);
    block.size = 1 + ((draw >> 8) % 100 == 0 ? (draw >> 10) % 200000 : (draw >> 10) % 2000);
    block.bytes = static_cast<unsigned char*>(OPAQUE(malloc)(block.size));
    CHECK(block.bytes != nullptr);
    memset(block.bytes, static_cast<int>(block.size % 251), block.size);
  }
  for (auto& block : blocks) free(block.bytes);
  return nullptr;
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  pthread_t threads[kThreads];
  for (size_t i = 0; i < kThreads; ++i) {
    CHECK(pthread_create(&threads[i], nullptr, Run, reinterpret_cast<void*>(i + 1)) == 0);
  }
  FILE* const nowhere = fopen("/dev/null", "w");
  CHECK(nowhere != nullptr);
  for (int round = 0; __atomic_load_n(&operations, __ATOMIC_RELAXED) < kOperations; ++round) {
    void* const own = OPAQUE(malloc)(5000);
    const struct mallinfo2 info = mallinfo2();
    CHECK(info.uordblks <= info.arena && info.uordblks >= 5000 && info.arena < 1 << 30);
    if (round % 10 == 0) malloc_trim(0);
    if (round % 20 == 0) CHECK(malloc_info(0, nowhere) == 0);
    free(own);
  }
  __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
  for (const pthread_t thread : threads) CHECK(pthread_join(thread, nullptr) == 0);
  fclose(nowhere);
}
