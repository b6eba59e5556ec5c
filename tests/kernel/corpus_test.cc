// Replays the checked-in cases on the model and on the real kernel, and checks that each survives formatting.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/kernel/differential/call_text.h"
#include "harness/kernel/differential/differential.h"
#include "harness/kernel/differential/generator.h"
#include "harness/kernel/differential/rule_table.h"

namespace breakproof::harness {
namespace {

std::vector<std::filesystem::path> Cases() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/kernel/corpus")) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void ReplayAll(const RealKernelOptions& options) {
  std::string error;
  const std::unique_ptr<RealKernel> real = RealKernel::Start(options, error);
  ASSERT_NE(real, nullptr) << error;
  Differential differential(*real);
  for (const std::filesystem::path& path : Cases()) {
    const auto calls = ParseCalls(ReadText(path), real->machine(), error);
    ASSERT_TRUE(calls.has_value()) << path << ": " << error;
    EXPECT_FALSE(calls->empty()) << path;
    const auto again = ParseCalls(FormatCalls(*calls, real->machine()), real->machine(), error);
    EXPECT_EQ(again, calls) << path;
    const auto mismatch = differential.Check(*calls);
    if (mismatch) ADD_FAILURE() << path << "\n" << Describe(*mismatch, differential.ran(), real->machine());
    EXPECT_EQ(differential.ran().size(), calls->size()) << path << " has calls that leave the window";
  }
}

TEST(Corpus, HasCases) { EXPECT_GE(Cases().size(), 10u); }
TEST(Corpus, Replays) { ReplayAll({}); }
TEST(Corpus, ReplaysOnTheProcessOwnBreak) { ReplayAll({.relocate_break = false}); }
TEST(Corpus, ReplaysWithTheMapsFile) { ReplayAll({.query_maps = false}); }

TEST(CallText, EveryGeneratedCallRoundTrips) {
  model::Machine machine;
  machine.window = {0x7e9000000000, 0x7e9000000000 + kWindowPages * model::kPage};
  machine.lowest_break = machine.window.start + kBreakPage * model::kPage;
  std::uint32_t random = 1;
  std::vector<model::Call> calls;
  for (int i = 0; i < 20'000; ++i) {
    CallBlock block;
    for (std::uint8_t& byte : block) byte = static_cast<std::uint8_t>((random = random * 1664525 + 1013904223) >> 24);
    calls.push_back(DecodeCall(block, machine));
  }
  std::string error;
  EXPECT_EQ(ParseCalls(FormatCalls(calls, machine), machine, error), calls) << error;
}

TEST(CallText, ErrorsNameTheLine) {
  std::string error;
  EXPECT_FALSE(ParseCalls("# fine\nbrk\n", {}, error).has_value());
  EXPECT_NE(error.find("line 2"), std::string::npos) << error;
  EXPECT_FALSE(ParseCalls("brk 5 6\n", {}, error).has_value());
  EXPECT_FALSE(ParseCalls("jump 5\n", {}, error).has_value());
  EXPECT_FALSE(ParseCalls("brk five\n", {}, error).has_value());
}

TEST(RuleTable, ListsEveryRuleOnce) {
  std::string error;
  EXPECT_EQ(ReadRuleTable("model/rules/kernel_rules.tsv", error).size(), model::kRuleCount) << error;
}

TEST(RuleTable, AMissingRuleIsAnError) {
  const std::string path = testing::TempDir() + "/rules.tsv";
  std::ofstream(path) << "B1\tmodelled\t-\t-\ttitle\n";
  std::string error;
  EXPECT_TRUE(ReadRuleTable(path, error).empty());
  EXPECT_NE(error.find("B2"), std::string::npos) << error;
}

TEST(RuleTable, AModelledRuleWithoutExerciseFails) {
  std::string error;
  const std::vector<RuleRow> rows = ReadRuleTable("model/rules/kernel_rules.tsv", error);
  EXPECT_FALSE(PrintExercised(rows, model::RuleLog(), model::Machine(), 1));
}

}  // namespace
}  // namespace breakproof::harness
