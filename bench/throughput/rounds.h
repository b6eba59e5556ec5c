// Contestants measured in turn, so that what else the machine does meets all of them alike.
#pragma once

#include <string>
#include <vector>

#include "bench/throughput/contestants.h"

namespace breakproof::bench {

// Processor time, user and system, in nanoseconds an operation: one value a round.
struct Times {
  std::vector<double> rounds;
  double Median() const;
};

struct MixTimes {
  std::string name;
  std::uint64_t operations = 0;
  std::vector<Times> contestants;  // in their order
};

struct ThroughputPlan {
  int rounds = 5;
  double least_seconds = 0.1;  // that a contestant is measured for in a round: passes are repeated until then
  std::uint64_t seed = 1;      // of the order
};

std::vector<MixTimes> MeasureRounds(const ThroughputPlan& plan, const std::vector<Mix>& mixes,
                                    const std::vector<Contestant>& contestants);

}  // namespace breakproof::bench
