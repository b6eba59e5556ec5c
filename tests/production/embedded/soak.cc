// For minutes: threads that allocate, free each other's blocks, end and follow each other, while one forks. For
// ThreadSanitizer, which replaces malloc but not breakproof_malloc.
//
//   bazel run --config=tsan //tests/production/embedded:soak -- --seconds=180 --seed=1
//
// Ends with 0 if every byte was as it was written and every child came to its end, and the sanitizer had nothing to
// report (its exit code is 66).
#include <signal.h>
#include <sys/wait.h>
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

constexpr int kThreads = 4;  // at a time
constexpr int kRounds = 1500;
constexpr unsigned kChildSeconds = 60;  // a child that is not through by then hangs
constexpr int kExitBroken = 10;

// Allocates and frees on every path; what other threads were doing when it was made is none of its concern.
[[noreturn]] void Child() {
  alarm(kChildSeconds);
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t size = i % 50 == 0 ? 200000 : 1 + i * 7;
    auto* const bytes = static_cast<char*>(breakproof_malloc(size));
    if (bytes == nullptr) _exit(1);
    bytes[0] = bytes[size - 1] = 'c';
    breakproof_free(bytes);
  }
  _exit(0);
}

bool ForkOnce() {
  void* const block = breakproof_malloc(100);
  const pid_t child = fork();
  if (child == 0) Child();
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  breakproof_free(block);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  long seconds = 60;
  std::uint64_t seed = 1;
  CLI::App app("Threads and forks on breakproof_malloc");
  app.add_option("--seconds", seconds, "How long")->check(CLI::Range(1L, 86400L));
  app.add_option("--seed", seed, "Of the sizes");
  CLI11_PARSE(app, argc, argv);

  Exchange exchange;
  std::uint64_t blocks = 0, forks = 0, hung = 0, threads_made = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(Work, std::ref(exchange), seed++, kRounds);
    for (int i = 0; i < kThreads; ++i, ++forks) hung += !ForkOnce();
    for (std::thread& thread : threads) thread.join();
    threads_made += kThreads;
    blocks += 2ull * kThreads * kRounds;
  }
  std::printf("%llu threads, %llu blocks, %llu forks, %llu children that did not end well\n",
              static_cast<unsigned long long>(threads_made), static_cast<unsigned long long>(blocks),
              static_cast<unsigned long long>(forks), static_cast<unsigned long long>(hung));
  return hung == 0 && !testing::Test::HasFailure() ? 0 : kExitBroken;
}
