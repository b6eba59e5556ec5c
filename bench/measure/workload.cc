#include "bench/measure/workload.h"

#include <algorithm>

#include "harness/support/could_not_run.h"

namespace breakproof::bench {

std::vector<Workload> AllWorkloads() {
  std::vector<Workload> all;
  const auto add = [&](const char* folder, const char* name, std::uint64_t iterations, const char* what) {
    all.push_back({name, what, std::string(folder) + "/" + name, "", iterations});
  };
  constexpr char kThreads[] = "threads", kSequential[] = "sequential";
  add(kThreads, "random_replacement", 50, "a server: 4 threads replace random blocks, successors inherit them");
  add(kThreads, "producer_consumer", 4500, "2 threads allocate, 2 others free");
  add(kThreads, "bursts", 130, "mixed sizes in bursts on threads that end, some blocks left with other threads");
  add(kSequential, "survivors", 2500, "groups of random sizes freed in three orders, one block in 30 lives on");
  add(kSequential, "ring", 2400, "a ring of twelve sizes, freed forwards, backwards and at once");
  add(kSequential, "trees", 60, "binary trees built and torn down beside one that stays");
  add(kSequential, "phases", 16, "phases of different sizes; a few blocks of each stay, scattered");
  add(kSequential, "growing_realloc", 32000, "arrays, strings and a large buffer grow by realloc");
  add(kSequential, "large_blocks", 5000, "blocks of 32 KiB to 4 MiB, around and above the mapping threshold");
  add(kSequential, "zeroed", 1200000, "calloc, mostly small, on memory that was dirtied");
  add(kSequential, "aligned", 1200000, "alignments of 32 bytes to a page among ordinary blocks");
  add(kThreads, "short_lived_threads", 4500, "thousands of threads that allocate a little and end");
  add(kThreads, "active_false_sharing", 1200000, "2 threads each write a small block of their own");
  add(kThreads, "passive_false_sharing", 1200000, "the same, after freeing neighbours that one thread made");
  const auto replay = [&](const char* program, std::uint64_t iterations, const char* what) {
    all.push_back({std::string("trace_") + program, what, kReplayProgram,
                   std::string("fuzz/corpus/recorded/") + program + ".case", iterations});
  };
  replay("cxx_compile_clang", 250, "what clang allocated, replayed");
  replay("cxx_compile_gcc", 700, "what gcc's C++ compiler allocated, replayed");
  replay("python3_script", 400, "what a Python script allocated, replayed");
  replay("sqlite3_queries", 800, "what SQLite allocated, replayed");
  replay("git_log", 650, "what git log allocated, replayed");
  return all;
}

std::vector<Workload> WorkloadsNamed(const std::vector<std::string>& names) {
  std::vector<Workload> all = AllWorkloads();
  if (names.empty()) return all;
  for (const std::string& name : names) {
    if (std::any_of(all.begin(), all.end(), [&](const Workload& workload) { return workload.name == name; })) continue;
    std::string known;
    for (const Workload& workload : all) known += (known.empty() ? "" : ", ") + workload.name;
    throw harness::CouldNotRun("there is no workload called " + name + "; there are: " + known);
  }
  std::erase_if(all, [&](const Workload& workload) {
    return std::find(names.begin(), names.end(), workload.name) == names.end();
  });
  return all;
}

}  // namespace breakproof::bench
