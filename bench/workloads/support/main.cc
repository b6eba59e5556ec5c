// The program around a workload: PROGRAM ITERATIONS SEED [FILE].
//
// Prints one line: checksum, peak resident memory in KiB, and the library that malloc came from.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/workloads/support/workload.h"

namespace breakproof::bench {

void Fail(const char* sentence) {
  (void)!write(STDERR_FILENO, sentence, strlen(sentence));
  (void)!write(STDERR_FILENO, "\n", 1);
  _exit(3);
}

namespace {

// VmHWM. wait4 would give the launcher's peak if that was higher.
unsigned long PeakKib() {
  char text[4096];
  const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  const ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (length <= 0) Fail("cannot read /proc/self/status");
  close(fd);
  text[length] = '\0';
  const char* const line = strstr(text, "VmHWM:");
  if (line == nullptr) Fail("/proc/self/status has no VmHWM");
  return strtoul(line + strlen("VmHWM:"), nullptr, 10);
}

// Looked up by name: a program's own reference may be resolved to its procedure linkage table.
const char* MallocProvider() {
  Dl_info info;
  void* const function = dlsym(RTLD_DEFAULT, "malloc");
  if (function == nullptr || dladdr(function, &info) == 0) Fail("cannot tell where malloc comes from");
  return info.dli_fname;
}

std::uint64_t Number(const char* text) {
  char* end = nullptr;
  const std::uint64_t value = strtoull(text, &end, 10);
  if (end == text || *end != '\0') Fail("usage: PROGRAM ITERATIONS SEED [FILE]");
  return value;
}

}  // namespace
}  // namespace breakproof::bench

int main(int argc, char** argv) {
  using namespace breakproof::bench;
  if (argc < 3 || argc > 4) Fail("usage: PROGRAM ITERATIONS SEED [FILE]");
  const Parameters parameters = {Number(argv[1]), Number(argv[2]), argc == 4 ? argv[3] : nullptr};
  if (parameters.iterations == 0) Fail("ITERATIONS must be at least 1");
  const std::uint64_t checksum = RunWorkload(parameters);
  const unsigned long peak = PeakKib();
  char line[4500];
  const int length = snprintf(line, sizeof line, "checksum=%016llx peak_kib=%lu malloc_from=%s\n",
                              static_cast<unsigned long long>(checksum), peak, MallocProvider());
  return write(STDOUT_FILENO, line, static_cast<size_t>(length)) == length ? 0 : 3;
}
