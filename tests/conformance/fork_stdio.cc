// fork_stdio SECONDS: threads that fork while others read long lines, flush every file, open and close files, and register
// fork handlers. libc holds locks of its own while it allocates for them, and fork takes some of the same: an allocator
// that takes its locks before libc's can meet a thread that has taken them the other way round. Nobody moves then, so the
// program ends by itself only if all went well.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>

#include "tests/conformance/check.h"

namespace {

std::atomic<bool> is_over;
std::atomic<int> forks, lines;
FILE* shared_file;  // a line of it is longer than any buffer: getline allocates while it holds the file

constexpr size_t kLineLength = 400000;
constexpr unsigned kChildSeconds = 60;  // a child that is not through by then hangs; the machine may be busy

void* ReadLines(void*) {
  while (!is_over.load(std::memory_order_relaxed)) {
    char* line = nullptr;
    size_t room = 0;
    if (getline(&line, &room, shared_file) < 0) rewind(shared_file);
    free(line);
    ++lines;
  }
  return nullptr;
}

void* FlushAll(void*) {
  while (!is_over.load(std::memory_order_relaxed)) fflush(nullptr);
  return nullptr;
}

void* OpenAndClose(void*) {
  while (!is_over.load(std::memory_order_relaxed)) {
    FILE* const file = fopen("/dev/null", "w");
    CHECK(file != nullptr);
    fputs("text", file);
    fclose(file);
  }
  return nullptr;
}

// A child uses what its parent's threads had in hand: files and memory.
[[noreturn]] void Child() {
  alarm(kChildSeconds);
  FILE* const file = fopen("/dev/null", "w");
  CHECK(file != nullptr);
  fputs("text", file);
  fflush(nullptr);
  fclose(file);
  for (size_t size = 16; size < 1 << 20; size *= 2) OPAQUE(free)(OPAQUE(malloc)(size));
  _exit(0);
}

void* Fork(void*) {
  while (!is_over.load(std::memory_order_relaxed)) {
    const pid_t child = fork();
    if (child == 0) Child();
    CHECK(child > 0);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ++forks;
  }
  return nullptr;
}

FILE* FileOfLongLines() {
  FILE* const file = tmpfile();
  CHECK(file != nullptr);
  for (int line = 0; line < 3; ++line) {
    for (size_t i = 0; i < kLineLength; ++i) fputc('a', file);
    fputc('\n', file);
  }
  rewind(file);
  return file;
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 2);
  shared_file = FileOfLongLines();
  void* (*const kRoles[])(void*) = {ReadLines, ReadLines, FlushAll, OpenAndClose, Fork, Fork};
  pthread_t threads[sizeof kRoles / sizeof *kRoles];
  for (size_t i = 0; i < sizeof kRoles / sizeof *kRoles; ++i) {
    CHECK(pthread_create(&threads[i], nullptr, kRoles[i], nullptr) == 0);
  }
  sleep(static_cast<unsigned>(atoi(argv[1])));
  is_over = true;
  for (const pthread_t thread : threads) CHECK(pthread_join(thread, nullptr) == 0);
  CHECK(forks > 0 && lines > 0);
  printf("%d forks, %d lines\n", forks.load(), lines.load());
}
