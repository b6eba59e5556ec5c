// Every deliberately wrong rule is caught by the differential, soon and with a short case; the right model
// passes the same cases.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <random>

#include "harness/kernel/differential/differential.h"
#include "harness/kernel/differential/generator.h"
#include "tests/kernel/mutants.h"

namespace breakproof::harness {
namespace {

using Clock = std::chrono::steady_clock;
using Calls = std::vector<model::Call>;
using model::Rule;

constexpr int kSeed = 1;
constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kLongestCase = 6;

Calls RandomCalls(std::mt19937_64& random, const model::Machine& machine) {
  std::vector<std::uint8_t> bytes(kBlockSize * (4 + random() % 60));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 32);
  return DecodeCalls(bytes, machine, kMaxCalls);
}

class Mutants : public testing::TestWithParam<Rule> {
 protected:
  void SetUp() override {
    std::string error;
    real_ = RealKernel::Start({}, error);
    ASSERT_NE(real_, nullptr) << error;
  }
  void TearDown() override { model::active_mutant.reset(); }

  bool Fails(std::span<const model::Call> calls, std::optional<Rule> mutant) {
    model::active_mutant = mutant;
    return differential().Check(calls).has_value();
  }
  Differential& differential() {
    if (!differential_) differential_.emplace(*real_);
    return *differential_;
  }

  std::unique_ptr<RealKernel> real_;
  std::optional<Differential> differential_;
};

TEST_P(Mutants, CaughtAndShrunk) {
  const Rule rule = GetParam();
  if (rule == Rule::M52 && !real_->machine().moves_span_areas) GTEST_SKIP() << "this kernel does not show M52";
  const auto start = Clock::now();
  std::mt19937_64 random(kSeed);
  Calls calls;
  int sequences = 0;
  for (bool caught = false; !caught; ++sequences) {
    ASSERT_LT(Clock::now() - start, kPatience) << "survived " << sequences << " sequences";
    calls = RandomCalls(random, real_->machine());
    caught = Fails(calls, rule);
  }
  const std::uint64_t calls_run = differential().tally().calls;
  calls = Shrink(calls, [&](std::span<const model::Call> fewer) { return Fails(fewer, rule); });
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  random.seed(kSeed);
  for (int i = 0; i < sequences; ++i)
    ASSERT_FALSE(Fails(RandomCalls(random, real_->machine()), std::nullopt)) << "the right model fails too";
  model::active_mutant = rule;
  const std::optional<Mismatch> mismatch = differential().Check(calls);
  ASSERT_TRUE(mismatch.has_value());
  const std::string text = Describe(*mismatch, differential().ran(), real_->machine());
  std::printf("caught after %llu calls, %lld ms with shrinking, %zu calls remain:\n%s",
              static_cast<unsigned long long>(calls_run), static_cast<long long>(took.count()), calls.size(),
              text.c_str());
  EXPECT_LE(calls.size(), kLongestCase);
  EXPECT_LT(took, kPatience);
  EXPECT_FALSE(Fails(calls, std::nullopt));
}

INSTANTIATE_TEST_SUITE_P(Rules, Mutants,
                         testing::Values(Rule::B8, Rule::B14, Rule::B21, Rule::M36, Rule::M71, Rule::M46, Rule::L4,
                                         Rule::B13, Rule::L2, Rule::L5, Rule::M49, Rule::M52, Rule::M72, Rule::C11),
                         [](const testing::TestParamInfo<Rule>& info) {
                           return std::string(model::kRuleNames[static_cast<std::size_t>(info.param)]);
                         });

}  // namespace
}  // namespace breakproof::harness
