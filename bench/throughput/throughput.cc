// throughput: what the lock step costs, compared with the bare operations and with a plain shadow map.
//
//   bazel run -c opt //bench:throughput
//   bazel run --config=asan-libfuzzer //bench:throughput      the fuzz target against the bare allocator
//
// Exit codes: 0 measured (whether goals were reached is in the output), 10 an operation was not as it should be, 11 could
// not run.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include "bench/throughput/report.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"

namespace breakproof::bench {
namespace {

enum ExitCode { kMeasured = 0, kRuleBroken = 10, kCouldNotRun = 11 };

struct Flags {
  ThroughputPlan plan;
  std::vector<std::string> only;
  std::string mix;
  std::uint32_t operations = OperationsOfACase();
  std::string json;
};

// `bazel run` changes the folder: paths are meant from where the caller stood.
std::filesystem::path FromCaller(const std::string& path) {
  const char* const caller = std::getenv("BUILD_WORKING_DIRECTORY");
  return caller == nullptr ? std::filesystem::path(path) : std::filesystem::path(caller) / path;
}

void Measure(const Flags& flags) {
  ThroughputResults results{.plan = flags.plan, .contestants = {}, .mixes = {}};
  for (Contestant& contestant : Contestants()) {
    const bool is_wanted = flags.only.empty() || std::find(flags.only.begin(), flags.only.end(), contestant.name) != flags.only.end();
    if (is_wanted) results.contestants.push_back(std::move(contestant));
  }
  std::vector<Mix> mixes;
  for (Mix& mix : AllMixes(flags.plan.seed, flags.operations)) {
    if (flags.mix.empty() || mix.name == flags.mix) mixes.push_back(std::move(mix));
  }
  if (results.contestants.empty()) throw harness::CouldNotRun("--only names no contestant; see --help");
  if (mixes.empty()) throw harness::CouldNotRun("--mix names no mix; one is \"all sizes\"");
  results.mixes = MeasureRounds(flags.plan, mixes, results.contestants);
  std::fputs(ThroughputTable(results).c_str(), stdout);
  if (!flags.json.empty()) harness::WriteDurably(FromCaller(flags.json), ThroughputJson(results));
}

int Run(int argc, char** argv) {
  Flags flags;
  CLI::App app("What the lock step costs");
  app.add_option("--rounds", flags.plan.rounds, "Times that each contestant is measured on each mix")
      ->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--least-seconds", flags.plan.least_seconds, "Of processor time, in a round")->capture_default_str();
  app.add_option("--seed", flags.plan.seed, "Of the operations and the order")->capture_default_str();
  std::string names;
  for (const Contestant& contestant : Contestants()) names += (names.empty() ? "" : ", ") + contestant.name;
  app.add_option("--only", flags.only, "Measure these contestants only: " + names)->delimiter(',');
  app.add_option("--mix", flags.mix, "Measure this mix only, such as \"all sizes\"");
  app.add_option("--operations", flags.operations, "Of a case, but fewer of large blocks")
      ->capture_default_str()->check(CLI::Range(100, 1000000));
  app.add_option("--json", flags.json, "Also write the results here");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kMeasured : kCouldNotRun;
  }
  Measure(flags);
  return kMeasured;
}

}  // namespace
}  // namespace breakproof::bench

int main(int argc, char** argv) {
  using namespace breakproof;
  try {
    return bench::Run(argc, argv);
  } catch (const bench::RuleBroken& broken) {
    std::fprintf(stderr, "throughput: %s; run //tests/production:simulated to see it\n", broken.sentence.c_str());
    return bench::kRuleBroken;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "throughput: %s\n", error.what());
    return bench::kCouldNotRun;
  }
}
