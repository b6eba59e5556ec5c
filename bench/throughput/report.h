// What was measured, for the terminal and for programs.
#pragma once

#include <string>
#include <vector>

#include "bench/throughput/rounds.h"

namespace breakproof::bench {

struct ThroughputResults {
  ThroughputPlan plan;
  std::vector<Contestant> contestants;
  std::vector<MixTimes> mixes;
};

// A table, a line a mix, and a sentence for each goal.
std::string ThroughputTable(const ThroughputResults& results);

// schema_version 1: machine, seed, rounds, contestants, goals, and for each mix and contestant the median and all values of
// nanoseconds an operation, and the ratios that the table shows.
std::string ThroughputJson(const ThroughputResults& results);

}  // namespace breakproof::bench
