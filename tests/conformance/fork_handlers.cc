// A program that watches forks itself (pthread_atfork(3)), from before it has a second thread: its handlers allocate,
// and the one that runs before a fork takes a lock that other threads hold while they allocate. Both hang if the
// allocator's own handlers run in the wrong order, or hold a lock against the thread that forks.
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include <atomic>

#include "tests/conformance/check.h"

namespace {

constexpr int kForks = 200;
constexpr int kWorkers = 2;
constexpr unsigned kSeconds = 120;
std::atomic<bool> is_over;
std::atomic<int> calls;
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

// Small from a bin, small from a slab, a span, a mapping.
void AllocateAndFree() {
  static constexpr size_t kSizes[] = {24, 3000, 60000, 300000};
  char* blocks[sizeof kSizes / sizeof *kSizes];
  for (size_t i = 0; i < sizeof kSizes / sizeof *kSizes; ++i) {
    blocks[i] = static_cast<char*>(OPAQUE(malloc)(kSizes[i]));
    CHECK(blocks[i] != nullptr);
    blocks[i][0] = 'b';
  }
  for (char* block : blocks) OPAQUE(free)(block);
}

void Prepare() {
  ++calls;
  AllocateAndFree();
  pthread_mutex_lock(&mutex);
  AllocateAndFree();
}

void After() {
  ++calls;
  AllocateAndFree();
  pthread_mutex_unlock(&mutex);
  AllocateAndFree();
}

void* Work(void*) {
  while (!is_over.load(std::memory_order_relaxed)) {
    pthread_mutex_lock(&mutex);
    AllocateAndFree();
    pthread_mutex_unlock(&mutex);
  }
  return nullptr;
}

void ForkOnce() {
  const int before = calls.load();
  const pid_t child = fork();
  if (child == 0) {
    CHECK(calls.load() == before + 2);
    AllocateAndFree();
    _exit(0);
  }
  CHECK(child > 0);
  CHECK(calls.load() == before + 2);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  alarm(kSeconds);
  CHECK(pthread_atfork(Prepare, After, After) == 0);
  ForkOnce();
  pthread_t workers[kWorkers];
  for (pthread_t& worker : workers) CHECK(pthread_create(&worker, nullptr, Work, nullptr) == 0);
  for (int i = 0; i < kForks; ++i) ForkOnce();
  is_over = true;
  for (const pthread_t worker : workers) pthread_join(worker, nullptr);
}
