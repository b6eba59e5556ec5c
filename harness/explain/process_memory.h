// What another process has mapped, and which of it is in memory: /proc/PID, read while the process waits.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace breakproof::harness {

struct MemoryArea {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool is_accessible = false;  // readable and writable
  bool is_file = false;
  std::string name;            // path, "[heap]", "[stack]"; empty: anonymous
};

// In order of addresses; empty if the process cannot be read.
std::vector<MemoryArea> ReadAreas(pid_t process);

// Stack pointers of its threads, the first left out, once all of them wait in a system call; empty where the kernel
// does not tell.
std::vector<std::uint64_t> ReadStackPointers(pid_t process);

// Runs of pages in [begin, end) that are in memory; empty where the kernel does not tell.
std::vector<std::pair<std::uint64_t, std::uint64_t>> ReadResident(pid_t process, std::uint64_t begin, std::uint64_t end);

}  // namespace breakproof::harness
