#include "harness/generate/generator.h"

#include "harness/generate/scenarios.h"

namespace breakproof::harness {
namespace {

constexpr std::uint64_t kLiveBudget = 256ull << 20;
constexpr std::uint64_t kMostThreads = 8;

const Scenario& PickScenario(Random& random) {
  unsigned total = 0;
  for (const Scenario& scenario : Scenarios()) total += scenario.weight;
  auto draw = static_cast<unsigned>(random.Below(total));
  for (const Scenario& scenario : Scenarios()) {
    if (draw < scenario.weight) return scenario;
    draw -= scenario.weight;
  }
  return Scenarios().front();
}

}  // namespace

Case GenerateCase(std::uint64_t seed, std::uint64_t n, EntrySet entries) {
  Random random = Random::ForPart(seed, n);
  // Short cases reach what only happens first; long ones what only happens after a while.
  const std::uint32_t most = random.Pick<std::uint32_t>({30, 300, 1500, 6000});
  const auto threads = static_cast<int>(random.Between(1, kMostThreads));
  CaseBuilder builder(Random(random.Next()), entries, most, kLiveBudget, threads);
  AppendFirstCalls(builder);
  for (std::uint64_t scenes = random.Between(1, 8); scenes > 0 && !builder.IsFull(); --scenes) {
    PickScenario(random).append(builder);
  }
  Case c = builder.Finish();
  c.notes = {"seed " + std::to_string(seed) + ", case " + std::to_string(n)};
  return c;
}

}  // namespace breakproof::harness
