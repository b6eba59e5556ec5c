// fork FORKS: a process whose other threads never stop allocating, beginning and ending forks again and again. Every
// child frees what the parent made, allocates on its own thread and on a new one, and ends in time.
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include <atomic>

#include "tests/conformance/check.h"

namespace {

constexpr int kWorkers = 3;
constexpr int kBlocks = 200;
constexpr unsigned kChildSeconds = 60;  // a child that is not through by then hangs; the machine may be busy
std::atomic<bool> is_over;

// Sizes of every path: bins, slabs of pages, spans, mappings.
size_t SizeOf(unsigned n) {
  constexpr size_t kSizes[] = {1, 16, 48, 100, 700, 1024, 3000, 20000, 40000, 150000};
  return kSizes[n % (sizeof kSizes / sizeof *kSizes)];
}

void AllocateAndFree(unsigned seed) {
  char* blocks[kBlocks];
  for (unsigned i = 0; i < kBlocks; ++i) {
    blocks[i] = static_cast<char*>(OPAQUE(malloc)(SizeOf(seed + i)));
    CHECK(blocks[i] != nullptr);
    blocks[i][0] = static_cast<char>(i);
  }
  for (unsigned i = 0; i < kBlocks; ++i) {
    CHECK(blocks[i][0] == static_cast<char>(i));
    OPAQUE(free)(blocks[i]);
  }
}

void* Once(void* seed) {
  AllocateAndFree(static_cast<unsigned>(reinterpret_cast<uintptr_t>(seed)));
  return nullptr;
}

// Threads that begin and end all the time, besides what this one allocates itself.
void* Work(void* seed) {
  for (uintptr_t n = reinterpret_cast<uintptr_t>(seed); !is_over.load(std::memory_order_relaxed); ++n) {
    Once(reinterpret_cast<void*>(n));
    pthread_t thread;
    CHECK(pthread_create(&thread, nullptr, Once, reinterpret_cast<void*>(n)) == 0);
    pthread_join(thread, nullptr);
  }
  return nullptr;
}

[[noreturn]] void Child(char** inherited, unsigned seed) {
  alarm(kChildSeconds);
  for (int i = 0; i < kBlocks; ++i) OPAQUE(free)(inherited[i]);
  AllocateAndFree(seed);
  pthread_t thread;
  CHECK(pthread_create(&thread, nullptr, Once, nullptr) == 0);
  pthread_join(thread, nullptr);
  _exit(0);
}

void ForkOnce(unsigned seed) {
  char* blocks[kBlocks];
  for (unsigned i = 0; i < kBlocks; ++i) blocks[i] = static_cast<char*>(OPAQUE(malloc)(SizeOf(i)));
  const pid_t child = fork();
  if (child == 0) Child(blocks, seed);
  CHECK(child > 0);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  for (char* block : blocks) OPAQUE(free)(block);
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 2);
  const unsigned forks = static_cast<unsigned>(atoi(argv[1]));
  // The first fork comes before there is a second thread, some while one begins.
  ForkOnce(0);
  pthread_t workers[kWorkers];
  for (uintptr_t i = 0; i < kWorkers; ++i) pthread_create(&workers[i], nullptr, Work, reinterpret_cast<void*>(i));
  for (unsigned i = 1; i < forks; ++i) ForkOnce(i);
  is_over = true;
  for (const pthread_t worker : workers) pthread_join(worker, nullptr);
}
