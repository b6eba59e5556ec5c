// For each case: every k-th kernel call refused, once and from there on, on the production allocator.
//
//   bazel run //tests/production:refusal_sweep -- [--most=N] CASE...
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "harness/case/case_text.h"
#include "harness/subject/production/simulated_run.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"

using namespace breakproof;
using namespace breakproof::harness;

namespace {

Case Load(const std::string& file) {
  Case c;
  ParseError error;
  if (!ParseCase(ReadWholeFile(file), &c, &error)) {
    throw CouldNotRun(file + ":" + std::to_string(error.line) + ": not a case: " + error.message);
  }
  return c;
}

// True if no rule was broken.
bool Holds(SimulatedRun& run, const std::string& file, const Case& c, const Environment& environment) {
  const Judgement judgement = run.Run(c, environment).judgement;
  if (judgement.violations.empty()) return true;
  const CaseViolation& first = judgement.violations.front();
  std::printf("%s with %s\n  rule %s broken by operation %zu: expected %s, actual %s\n", file.c_str(),
              PrintEnvironment(environment).c_str(), std::string(model::TextOf(first.what.rule).id).c_str(),
              first.operation + 1, first.what.expected.c_str(), first.what.actual.c_str());
  return false;
}

int Sweep(const std::vector<std::string>& files, std::uint64_t most) {
  SimulatedRun run;
  std::uint64_t runs = 0, broken = 0;
  for (const std::string& file : files) {
    const Case c = Load(file);
    const std::uint64_t calls = run.Run(c, {}).refusable;
    const std::uint64_t step = std::max<std::uint64_t>(1, calls / most);
    for (std::uint64_t k = 1; k <= calls; k += step) {
      for (const bool onwards : {false, true}) {
        Environment environment;
        environment.refusals = {{.call = k, .onwards = onwards, .any_type = true}};
        broken += !Holds(run, file, c, environment);
        ++runs;
      }
    }
    std::printf("%s: %llu kernel calls, every %llu. refused\n", file.c_str(), static_cast<unsigned long long>(calls),
                static_cast<unsigned long long>(step));
  }
  std::printf("%llu runs, %llu with a violation\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(broken));
  return broken == 0 ? 0 : 10;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  std::uint64_t most = UINT64_MAX;
  CLI::App app("Refuses every k-th kernel call of a case");
  app.add_option("--most", most, "Refusals a case, evenly spread")->check(CLI::PositiveNumber);
  app.add_option("CASE", files)->required();
  CLI11_PARSE(app, argc, argv);
  try {
    return Sweep(files, most);
  } catch (const CouldNotRun& problem) {
    std::fprintf(stderr, "refusal_sweep: %s\n", problem.what());
    return 11;
  }
}
