// What a comparison has seen so far.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/measure/machine.h"
#include "bench/measure/metric.h"
#include "bench/measure/subject.h"
#include "bench/measure/workload.h"

namespace breakproof::bench {

// One workload under one allocator.
struct Cell {
  std::vector<Observation> runs;
  std::string failure;  // a sentence; the cell is not run again
};

struct Row {
  Workload workload;
  std::uint64_t iterations = 0;  // as run, after scaling
  std::string checksum;          // of the first run that ended well
  std::string checksum_from;     // the allocator it had
  std::vector<Cell> cells;       // by subject
};

struct Results {
  Machine machine;
  std::uint64_t seed = 1;
  double scale = 1;
  int rounds = 0;                     // complete ones
  bool interrupted = false;
  std::string instructions_counted_by;  // "", "processor" or "callgrind"
  std::vector<Subject> subjects;
  std::vector<std::string> remarks;   // sentences: what is missing or to be read with care
  std::vector<Row> rows;
};

}  // namespace breakproof::bench
