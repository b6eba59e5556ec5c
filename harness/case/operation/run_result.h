// How the performance of a case ended, whatever performed it.
#pragma once

#include <cstdint>
#include <string>

namespace breakproof::harness {

enum class RunEnd : std::uint8_t {
  kFinished,   // every operation was performed
  kCrashed,    // killed by a signal
  kExited,     // the process ended by itself in the middle
  kHung,       // no operation ended for the time allowed; killed
  kNoThread,   // a thread could not be started
  kNeverRan,   // the worker did not reach its first operation
};

struct RunResult {
  RunEnd end = RunEnd::kNeverRan;
  int signal = 0;      // kCrashed
  int exit_code = 0;   // kExited
  std::string output;  // what the subject printed, the last few lines
};

}  // namespace breakproof::harness
