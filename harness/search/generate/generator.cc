#include "harness/search/generate/generator.h"

#include "harness/search/generate/scenarios.h"
#include "harness/search/generate/sizes.h"

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

// What is no call, at the end: a draw of its own, so that what comes before it is the same with and without.
void AppendTheRest(CaseBuilder& builder, Random random) {
  if (!random.OneIn(8)) return;
  if (random.OneIn(2)) {
    builder.OnThread(static_cast<int>(random.Between(1, 3)));
    builder.Do(OperationKind::kThreadStart);
  }
  for (std::uint64_t i = random.Between(1, 8); i > 0; --i) {
    switch (random.Below(4)) {
      case 0: builder.Do(OperationKind::kTrim, random.OneIn(2) ? 0 : PickSize(random)); break;
      case 1: builder.Do(OperationKind::kClock, random.Below(20000)); break;
      default:
        if (builder.LiveCount() > 0) builder.Touch(builder.AnyLive(), PickSmallSize(random), PickSize(random));
    }
  }
  if (random.OneIn(4)) builder.Do(OperationKind::kFork);
}

}  // namespace

Case GenerateCase(std::uint64_t seed, std::uint64_t n, EntrySet entries) {
  Random random = Random::ForPart(seed, n);
  // Short cases reach what only happens first; long ones what only happens after a while.
  const std::uint32_t most = random.Pick<std::uint32_t>({30, 300, 1500, 6000});
  const auto threads = static_cast<int>(random.Between(1, kMostThreads));
  CaseBuilder builder(Random(random.Next()), entries, most, kLiveBudget, threads);
  builder.DrawContents(Random::ForPart(seed + 0xb10c, n));
  AppendFirstCalls(builder);
  for (std::uint64_t scenes = random.Between(1, 8); scenes > 0 && !builder.IsFull(); --scenes) {
    PickScenario(random).append(builder);
  }
  AppendTheRest(builder, Random::ForPart(seed + 0x7e57, n));
  Case c = builder.Finish();
  c.notes = {"seed " + std::to_string(seed) + ", case " + std::to_string(n)};
  return c;
}

}  // namespace breakproof::harness
