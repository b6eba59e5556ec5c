// For minutes: threads that allocate, free each other's blocks, end and follow each other, while one forks. Under
// ThreadSanitizer and AddressSanitizer, which replace malloc but not breakproof_malloc; and as `soak_usual_names` on the
// library as it ships.
//
//   bazel run --config=tsan //tests/production/embedded:soak -- --seconds=180 --seed=1
//   bazel run -c opt //tests/production/embedded:soak_preloaded -- --seconds=180 --threads=64 --preempt-us=100
//
// With --preempt-us every thread is interrupted so often, and gives its processor to another one: with more threads than
// processors, threads stop in the middle of everything.
//
// Ends with 0 if every byte was as it was written and every child came to its end, and the sanitizer had nothing to
// report (its exit code is 66).
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/production/embedded/exchange.h"

#if __has_feature(thread_sanitizer)
// A child has the parent's other threads on its books and never joins them: that is no leak.
extern "C" const char* __tsan_default_options() { return "report_thread_leaks=0"; }
#endif

namespace {

using breakproof::tests::Exchange;
using breakproof::tests::Work;
namespace names = breakproof::tests::names;

constexpr int kRounds = 1500;
constexpr unsigned kChildSeconds = 60;  // a child that is not through by then hangs
constexpr int kExitBroken = 10;

// Allocates and frees on every path; what other threads were doing when it was made is none of its concern.
[[noreturn]] void Child() {
  alarm(kChildSeconds);
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t size = i % 50 == 0 ? 200000 : 1 + i * 7;
    auto* const bytes = static_cast<char*>(names::Malloc(size));
    if (bytes == nullptr) _exit(1);
    bytes[0] = bytes[size - 1] = 'c';
    names::Free(bytes);
  }
  _exit(0);
}

bool ForkOnce() {
  void* const block = names::Malloc(100);
  const pid_t child = fork();
  if (child == 0) Child();
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  names::Free(block);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Interrupts the thread that makes it.
class Preemption {
 public:
  // No interruptions if `microseconds` is 0.
  explicit Preemption(long microseconds) : is_on_(microseconds != 0) {
    if (!is_on_) return;
    struct sigaction action = {};
    action.sa_handler = [](int) { sched_yield(); };
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, nullptr);
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR2;
    event._sigev_un._tid = gettid();
    timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_);
    const timespec interval = {0, microseconds * 1000};
    const itimerspec every = {interval, interval};
    timer_settime(timer_, 0, &every, nullptr);
  }
  ~Preemption() {
    if (is_on_) timer_delete(timer_);
  }
  Preemption(const Preemption&) = delete;
  Preemption& operator=(const Preemption&) = delete;

 private:
  bool is_on_;
  timer_t timer_ = {};
};

}  // namespace

int main(int argc, char** argv) {
  long seconds = 60, preempt_us = 0;
  int at_a_time = 4;
  std::uint64_t seed = 1;
  CLI::App app("Threads and forks on breakproof_malloc");
  app.add_option("--seconds", seconds, "How long")->check(CLI::Range(1L, 86400L));
  app.add_option("--seed", seed, "Of the sizes");
  app.add_option("--threads", at_a_time, "At a time")->check(CLI::Range(1, 1000));
  app.add_option("--preempt-us", preempt_us, "Microseconds of processor time after which a thread gives way; 0: never")
      ->check(CLI::Range(0L, 999999L));
  CLI11_PARSE(app, argc, argv);

  Exchange exchange;
  std::uint64_t blocks = 0, forks = 0, hung = 0, threads_made = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < at_a_time; ++thread) {
      threads.emplace_back([&exchange, preempt_us, of_thread = seed++] {
        const Preemption preemption(preempt_us);
        Work(exchange, of_thread, kRounds);
      });
    }
    for (int i = 0; i < 4; ++i, ++forks) hung += !ForkOnce();
    for (std::thread& thread : threads) thread.join();
    threads_made += static_cast<std::uint64_t>(at_a_time);
    blocks += 3ull * static_cast<std::uint64_t>(at_a_time) * kRounds;
  }
  std::printf("%llu threads, some %llu blocks, %llu forks, %llu children that did not end well\n",
              static_cast<unsigned long long>(threads_made), static_cast<unsigned long long>(blocks),
              static_cast<unsigned long long>(forks), static_cast<unsigned long long>(hung));
  return hung == 0 && !testing::Test::HasFailure() ? 0 : kExitBroken;
}
