// Runs one workload under one allocator and measures it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bench/measure/metric.h"
#include "bench/measure/subject.h"

namespace breakproof::bench {

struct Command {
  std::vector<std::string> arguments;  // the program first
  std::chrono::seconds limit{120};     // a run that takes longer is killed
};

struct ProcessResult {
  std::string failure;   // empty, or a sentence: crashed, hung, out of memory, another malloc
  std::string said;      // on standard error, its beginning
  std::string checksum;
  Observation observation;
};

// The process gets no environment but LD_PRELOAD. Its resident memory is read every millisecond from outside, so
// that nothing in it is multi-threaded or allocates that would not be so without being measured.
// Throws CouldNotRun if no process can be started.
ProcessResult Run(const Command& command, const Subject& subject);

}  // namespace breakproof::bench
