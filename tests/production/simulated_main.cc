// Runs generated cases on the production allocator over the simulated kernel, with refusals, foreign break
// moves, gaps and blocked breaks, and stops at the first violation with a minimal case.
//
//   bazel run //tests/production:simulated -- --operations=1000000 --seed=1
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "harness/case/case_text.h"
#include "harness/search/generate/generator.h"
#include "harness/minimize/minimize.h"
#include "harness/subject/production/simulated_run.h"

using namespace breakproof;
using namespace breakproof::harness;

namespace {

struct Totals {
  std::uint64_t cases = 0, operations = 0, kernel_calls = 0, refused = 0;
  model::Exercised exercised{};
};

// Half of the cases in the plain environment, the others each in one of its own.
Environment EnvironmentOf(std::uint64_t seed, std::uint64_t n) {
  Random random = Random::ForPart(seed + 77, n);
  std::uint8_t bytes[kEnvironmentBytes] = {};
  if (random.OneIn(2)) {
    for (std::uint8_t& byte : bytes) byte = random.OneIn(2) ? 0 : static_cast<std::uint8_t>(random.Next());
  }
  return DecodeEnvironment(bytes, sizeof bytes);
}

// The program's own break moves and mallopt, between the operations of a generated case.
Case WithInterference(Case c, Random random) {
  for (std::uint64_t moves = random.Below(4); moves > 0; --moves) {
    Operation operation;
    if (random.OneIn(3)) {
      operation.kind = OperationKind::kMallopt;
      operation.option = random.Pick<model::Option>(
          {model::Option::kMmapThreshold, model::Option::kTrimThreshold, model::Option::kTopPad, model::Option::kMmapMax});
      operation.size = operation.option == model::Option::kMmapMax
                           ? random.Pick<std::uint64_t>({0, 1, 2, 65536})
                           : random.Pick<std::uint64_t>({0, 4096, 65536, 131072, 1 << 20, 32 << 20, 33 << 20});
    } else {
      operation.kind = OperationKind::kSbrk;
      operation.size = random.Pick<std::uint64_t>({1, 100, 4096, 65536});
    }
    c.operations.insert(c.operations.begin() + static_cast<std::ptrdiff_t>(random.Below(c.operations.size())), operation);
  }
  return c;
}

// `operations` were performed in the cases before. Briefly: the rule, the operations up to it, those of the minimal case.
int Report(SimulatedRun& run, const Case& c, const Environment& environment, const CaseViolation& violation,
           std::uint64_t operations, bool is_brief) {
  const model::RuleId rule = violation.what.rule;
  const auto first_of_rule = [&](const Case& candidate) -> std::optional<CaseViolation> {
    for (const CaseViolation& found : run.Run(candidate, environment).judgement.violations) {
      if (found.what.rule == rule) return found;
    }
    return std::nullopt;
  };
  const Case small = Minimize(c, [&](const Case& candidate) { return first_of_rule(candidate).has_value(); },
                              {.time = std::chrono::seconds(is_brief ? 5 : 60)});
  if (is_brief) {
    std::printf("%s %llu %zu\n", std::string(model::TextOf(rule).id).c_str(),
                static_cast<unsigned long long>(operations + violation.operation + 1), small.operations.size());
    return 10;
  }
  const auto found = first_of_rule(small);
  std::printf("%s\n%s", PrintEnvironment(environment).c_str(), PrintCase(small).c_str());
  const CaseViolation& shown = found ? *found : violation;
  std::printf("rule %s (%s) broken by operation %zu\n  expected  %s\n  actual    %s\n",
              std::string(model::TextOf(rule).id).c_str(), std::string(model::TextOf(rule).title).c_str(),
              shown.operation + 1, shown.what.expected.c_str(), shown.what.actual.c_str());
  return 10;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t operations = 1000000, seed = 1;
  CLI::App app("The production allocator on the simulated kernel");
  app.add_option("--operations", operations)->capture_default_str();
  app.add_option("--seed", seed)->capture_default_str();
  bool is_brief = false;
  app.add_flag("--brief", is_brief, "One line: the rule that was broken, or none; operations; those of the minimal case");
  bool is_packed = false;
  app.add_flag("--packed", is_packed, "Mappings lie beside each other, as Linux puts them, without a free page between");
  CLI11_PARSE(app, argc, argv);

  SimulatedRun run(Crashes::kAreViolations, is_packed ? Mappings::kPacked : Mappings::kApart);
  Totals totals;
  const auto start = std::chrono::steady_clock::now();
  while (totals.operations < operations) {
    const Environment environment = EnvironmentOf(seed, totals.cases);
    const Case c = WithInterference(GenerateCase(seed, totals.cases, kAllEntries), Random::ForPart(seed, totals.cases + 1));
    const SimulatedRunResult result = run.Run(c, environment);
    if (!result.judgement.violations.empty()) {
      return Report(run, c, environment, result.judgement.violations.front(), totals.operations, is_brief);
    }
    ++totals.cases;
    totals.operations += result.judgement.performed;
    totals.kernel_calls += result.kernel_calls;
    totals.refused += result.refused;
    for (std::size_t i = 0; i < model::kRuleBookSize; ++i) totals.exercised[i] += result.judgement.exercised[i];
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (is_brief) {
    std::printf("none %llu 0\n", static_cast<unsigned long long>(totals.operations));
    return 0;
  }
  std::printf("%llu operations in %llu cases, %llu kernel calls, %llu of them refused, %.1f s: no violation\n",
              static_cast<unsigned long long>(totals.operations), static_cast<unsigned long long>(totals.cases),
              static_cast<unsigned long long>(totals.kernel_calls), static_cast<unsigned long long>(totals.refused),
              seconds.count());
  for (const model::RuleText& rule : model::kRuleBook) {
    const std::uint64_t times = totals.exercised[static_cast<std::size_t>(rule.rule)];
    if (times != 0) std::printf("  %-4s %12llu\n", std::string(rule.id).c_str(), static_cast<unsigned long long>(times));
  }
  return 0;
}
