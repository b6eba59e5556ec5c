// The workloads: which programs run, with how many iterations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace breakproof::bench {

struct Workload {
  std::string name;
  std::string what;          // one sentence
  std::string program;       // under bench/workloads
  std::string recorded_case; // replayed: workspace path, or a path of the caller's; else empty
  std::uint64_t iterations;  // pinned, so that a run takes 0.2 to 0.5 s with the system's malloc
};

inline constexpr const char* kReplayProgram = "sequential/replay";

// Every workload, in the order shown.
std::vector<Workload> AllWorkloads();

// Those named, in the order of AllWorkloads; all if there are no names. Throws CouldNotRun for an unknown name.
std::vector<Workload> WorkloadsNamed(const std::vector<std::string>& names);

}  // namespace breakproof::bench
