// The kernel differential as a property: for every sequence of calls, model and real kernel agree. RapidCheck
// shrinks a counterexample by dropping calls and lowering operand bytes.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <sstream>

#include "harness/kernel/differential/differential.h"
#include "harness/kernel/differential/generator.h"

namespace breakproof::harness {
namespace {

std::vector<model::Call> Decode(const std::vector<CallBlock>& blocks, const model::Machine& machine) {
  std::vector<model::Call> calls;
  for (const CallBlock& block : blocks) calls.push_back(DecodeCall(block, machine));
  return calls;
}

auto Blocks() {
  return rc::gen::container<std::vector<CallBlock>>(rc::gen::container<CallBlock>(rc::gen::inRange<int>(0, 256)));
}

rc::detail::TestResult CheckProperty(const std::string& name, int cases, const std::function<void()>& property) {
  rc::detail::TestMetadata metadata;
  metadata.id = name;
  rc::detail::TestParams parameters;
  parameters.seed = 1;
  parameters.maxSuccess = cases;
  return rc::detail::checkTestable(property, metadata, parameters);
}

TEST(KernelDifferential, ModelAndKernelAgree) {
  std::string error;
  const std::unique_ptr<RealKernel> real = RealKernel::Start({}, error);
  ASSERT_NE(real, nullptr) << error;
  Differential differential(*real);
  const auto result = CheckProperty("ModelAndKernelAgree", 5000, [&] {
    const std::vector<CallBlock> blocks = *Blocks();
    const std::vector<model::Call> calls = Decode(blocks, real->machine());
    const std::optional<Mismatch> mismatch = differential.Check(calls);
    if (mismatch) RC_FAIL(Describe(*mismatch, differential.ran(), real->machine()));
  });
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << text.str();
}

// The property can fail, and shrinks when it does: here it is told that no break ever moves two pages.
TEST(KernelDifferential, CounterexamplesShrink) {
  std::string error;
  const std::unique_ptr<RealKernel> real = RealKernel::Start({}, error);
  ASSERT_NE(real, nullptr) << error;
  std::size_t shortest = kMaxCalls;
  const auto property = [&] {
    const std::vector<model::Call> calls = Decode(*Blocks(), real->machine());
    std::vector<model::Call> inside;
    for (const model::Call& call : calls)
      if (inside.size() < kMaxCalls && StaysInside(real->machine(), call)) inside.push_back(call);
    real->Run(inside);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const bool two_pages =
          real->observation(static_cast<int>(i)).program_break >= real->machine().lowest_break + 2 * model::kPage;
      if (two_pages) shortest = std::min(shortest, inside.size());
      RC_ASSERT(!two_pages);
    }
  };
  const auto result = CheckProperty("CounterexamplesShrink", 100, property);
  EXPECT_TRUE(result.is<rc::detail::FailureResult>());
  EXPECT_EQ(shortest, 1u);
}

}  // namespace
}  // namespace breakproof::harness
