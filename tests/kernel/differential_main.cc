// The kernel differential: random call sequences on the model and on the real kernel.
//
//   bazel run //tests/kernel:differential -- --calls=10000000 --seed=1
//
// Prints calls, share of successful ones and every rule with its count. Exit status: 0 no mismatch, 10 a
// mismatch (printed, shrunk) or a rule that was never exercised, 11 could not run.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "harness/kernel/differential/call_text.h"
#include "harness/kernel/differential/differential.h"
#include "harness/kernel/differential/generator.h"
#include "harness/kernel/differential/rule_table.h"

namespace breakproof::harness {
namespace {

constexpr char kRules[] = "model/rules/kernel_rules.tsv";

struct Flags {
  std::uint64_t calls = 200'000;
  std::uint64_t seed = 1;
  std::uint64_t minimum = 1;
  std::string replay;
  bool roomy_replay = false;
  RealKernelOptions real;
};

// `bazel run` starts programs elsewhere; a relative path means relative to where it was called.
std::string FromCaller(const std::string& path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return path.empty() || path[0] == '/' || directory == nullptr ? path : std::string(directory) + "/" + path;
}

int ReportMismatch(Differential& differential, const model::Machine& machine, std::vector<model::Call> calls) {
  calls = Shrink(calls, [&](std::span<const model::Call> fewer) { return differential.Check(fewer).has_value(); });
  const auto mismatch = differential.Check(calls);
  if (!mismatch) std::printf("the mismatch does not repeat:\n%s", FormatCalls(calls, machine).c_str());
  else std::printf("MISMATCH\n%s", Describe(*mismatch, differential.ran(), machine).c_str());
  return 10;
}

int Replay(RealKernel& real, const std::string& path) {
  Differential differential(real);
  const model::Machine& machine = real.machine();
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::string error;
  const auto calls = ParseCalls(text, machine, error);
  if (!file || !calls) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), error.c_str());
    return 11;
  }
  const auto mismatch = differential.Check(*calls);
  if (!mismatch) return 0;
  std::printf("%s", Describe(*mismatch, differential.ran(), machine).c_str());
  return 10;
}

// Every eighth sequence runs in the roomy window.
int Explore(RealKernel& real, RealKernel& roomy, const Flags& flags, Tally& tally) {
  Differential narrow_runs(real), roomy_runs(roomy);
  std::mt19937_64 random(flags.seed);
  const auto start = std::chrono::steady_clock::now();
  while (narrow_runs.tally().calls + roomy_runs.tally().calls < flags.calls) {
    std::vector<std::uint8_t> bytes(kBlockSize * (4 + random() % 60));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 32);
    const bool narrow = random() % 8 != 0;
    Differential& runs = narrow ? narrow_runs : roomy_runs;
    const model::Machine& machine = narrow ? real.machine() : roomy.machine();
    const std::vector<model::Call> calls = DecodeCalls(bytes, machine, kMaxCalls);
    if (runs.Check(calls)) return ReportMismatch(runs, machine, calls);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  tally.Add(narrow_runs.tally());
  tally.Add(roomy_runs.tally());
  std::printf("%llu calls (%.1f %% successful) and %llu loads and stores in %llu sequences, no mismatch, %.1f s\n",
              static_cast<unsigned long long>(tally.calls),
              100.0 * static_cast<double>(tally.successful) / static_cast<double>(tally.calls),
              static_cast<unsigned long long>(tally.touches), static_cast<unsigned long long>(tally.sequences),
              seconds.count());
  return 0;
}

int Main(const Flags& flags) {
  std::string error;
  const std::unique_ptr<RealKernel> real = RealKernel::Start(flags.real, error);
  RealKernelOptions roomy_options = flags.real;
  roomy_options.roomy = true;
  const std::unique_ptr<RealKernel> roomy = RealKernel::Start(roomy_options, error);
  if (real == nullptr || roomy == nullptr) {
    std::fprintf(stderr, "the real kernel can not be driven: %s\n", error.c_str());
    return 11;
  }
  const model::Machine& machine = real->machine();
  std::printf("break %s, map by %s, moves span areas (M52) %s, advice known %llx\n",
              real->break_relocated() ? "relocated" : "the process's own",
              real->maps_queried() ? "PROCMAP_QUERY" : "text", machine.moves_span_areas ? "yes" : "no",
              static_cast<unsigned long long>(machine.known_advice));
  if (!flags.replay.empty()) return Replay(flags.roomy_replay ? *roomy : *real, FromCaller(flags.replay));
  const std::vector<RuleRow> rules = ReadRuleTable(kRules, error);
  if (rules.empty()) {
    std::fprintf(stderr, "%s: %s\n", kRules, error.c_str());
    return 11;
  }
  Tally tally;
  if (const int status = Explore(*real, *roomy, flags, tally)) return status;
  return PrintExercised(rules, tally.rules, machine, flags.minimum) ? 0 : 10;
}

}  // namespace
}  // namespace breakproof::harness

int main(int argc, char** argv) {
  breakproof::harness::Flags flags;
  CLI::App app("The kernel model against the real kernel");
  app.add_option("--calls", flags.calls, "run at least so many calls");
  app.add_option("--seed", flags.seed, "seed of the sequences; a shorter run is a prefix of a longer one");
  app.add_option("--minimum", flags.minimum, "fail if a modelled rule was exercised less often");
  app.add_option("--replay", flags.replay, "run one case from a file instead");
  app.add_flag("--roomy", flags.roomy_replay, "replay it in a window larger than memory");
  app.add_flag("!--natural-break", flags.real.relocate_break, "do not relocate the break");
  app.add_flag("!--text-maps", flags.real.query_maps, "parse the maps file");
  CLI11_PARSE(app, argc, argv);
  return breakproof::harness::Main(flags);
}
