// What every workload program is made of: it does a given amount of work and returns a checksum of the bytes
// it read back. The work follows from the parameters alone, so every allocator must give the same checksum.
//
// Needs nothing but libc: libstdc++ would allocate before main.
#pragma once

#include <cstddef>
#include <cstdint>

namespace breakproof::bench {

struct Parameters {
  std::uint64_t iterations = 1;  // at least 1; scales the length of the run, not what is live at once
  std::uint64_t seed = 1;
  const char* file = nullptr;    // the trace, for the workload that replays one
};

// Defined once by each workload.
std::uint64_t RunWorkload(const Parameters& parameters);

// Ends the process with exit code 3 and the sentence on stderr.
[[noreturn]] void Fail(const char* sentence);

}  // namespace breakproof::bench
