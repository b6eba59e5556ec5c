// fork_registration SECONDS: one thread registers fork handlers (pthread_atfork(3)) while another one forks. libc holds its
// list of handlers while the list grows, and allocates; fork waits for the list after the allocator's own handler has run.
// An allocator that holds its locks by then may hold them against the thread that has the list. The list grows a few times
// in a process, so the program does it in many.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>

#include "tests/conformance/check.h"

namespace {

constexpr int kHandlers = 400;  // the list grows at 48, and then each time by half
constexpr unsigned kTrialSeconds = 60;  // a trial that is not through by then hangs; the machine may be busy
std::atomic<bool> is_over;

void* Register(void*) {
  for (int i = 0; i < kHandlers; ++i) CHECK(pthread_atfork(nullptr, nullptr, nullptr) == 0);
  is_over = true;
  return nullptr;
}

void* Fork(void*) {
  while (!is_over.load(std::memory_order_relaxed)) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    CHECK(child > 0);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
  return nullptr;
}

[[noreturn]] void Trial() {
  alarm(kTrialSeconds);
  pthread_t threads[2];
  CHECK(pthread_create(&threads[0], nullptr, Fork, nullptr) == 0);
  CHECK(pthread_create(&threads[1], nullptr, Register, nullptr) == 0);
  for (const pthread_t thread : threads) CHECK(pthread_join(thread, nullptr) == 0);
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 2);
  const time_t end = time(nullptr) + atoi(argv[1]);
  int trials = 0, crashes = 0;
  for (; time(nullptr) < end; ++trials) {
    const pid_t trial = fork();
    if (trial == 0) Trial();
    CHECK(trial > 0);
    int status = 0;
    CHECK(waitpid(trial, &status, 0) == trial);
    const bool crashed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
    CHECK(status == 0 || crashed);
    crashes += crashed;
  }
  // glibc 2.36 lets go of its list before it reads which handler to call, and the list may have moved by then.
  CHECK(crashes <= 1 + trials / 1000);
  printf("%d trials, of which %d crashed\n", trials, crashes);
}
