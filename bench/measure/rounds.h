// The plan of a comparison: in every round each workload runs once under each allocator, in an order shuffled anew,
// so that what else the machine does meets all of them alike.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>

#include "bench/measure/results.h"

namespace breakproof::bench {

struct Plan {
  std::filesystem::path programs;  // folder of the workload programs
  std::filesystem::path traces;    // folder for packed traces, ours to write in
  int rounds = 5;
  std::chrono::seconds budget{0};  // no round begins after this; 0: no limit
  const std::atomic<bool>* stop = nullptr;
};

// Which run is under way, for a progress line.
using Progress = std::function<void(int round, const Workload& workload, const Subject& subject)>;

// Starts each subject once. One of the peers that does not come up becomes a remark; any other throws CouldNotRun.
void DropWhatDoesNotStart(const Plan& plan, Results* results);

// Runs the rounds and adds what was seen; after each complete round `finished` is called.
void RunRounds(const Plan& plan, const Progress& progress, const std::function<void()>& finished, Results* results);

// Counts instructions with callgrind, in runs a fiftieth as long; for machines whose processor is not allowed to.
// Throws CouldNotRun if valgrind is not installed.
void CountInstructions(const Plan& plan, const Progress& progress, Results* results);

}  // namespace breakproof::bench
