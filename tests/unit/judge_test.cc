// From outcomes to rules: crashes by the stage they happened in, bytes by what they were.
#include "harness/judge/judge.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "harness/case/case_text.h"

namespace breakproof::harness {
namespace {

Case Parse(const std::string& operations) {
  Case c;
  ParseError error;
  EXPECT_TRUE(ParseCase("# breakproof case v1\n" + operations, &c, &error)) << error.message;
  return c;
}

Outcome Done(std::uint64_t address) {
  Outcome outcome;
  outcome.address = address;
  outcome.usable = 64;
  outcome.errno_after = kErrnoSentinel;
  outcome.stage = Stage::kDone;
  return outcome;
}

std::string Verdict(const Case& c, const std::vector<Outcome>& outcomes, const RunResult& run) {
  std::string text;
  for (const CaseViolation& violation : Judge(c, outcomes, run, {}).violations) {
    text += (text.empty() ? "" : " ") + std::string(model::TextOf(violation.what.rule).id) + "@" +
            std::to_string(violation.operation + 1);
  }
  return text;
}

const RunResult kFinished{.end = RunEnd::kFinished, .output = {}};
const RunResult kSegv{.end = RunEnd::kCrashed, .signal = SIGSEGV, .output = {}};

TEST(JudgeTest, ACrashIsExplainedByItsStage) {
  const Case c = Parse("t0  a = malloc 64\nt0  b = malloc 64\n");
  const struct {
    Stage stage;
    const char* verdict;
  } kRows[] = {
      {Stage::kReadingBytes, "H1@2"},   {Stage::kCalling, "H0@2"},        {Stage::kAskingUsable, "H0@2"},
      {Stage::kInspecting, "H1@2"},     {Stage::kWritingPayload, "H1@2"}, {Stage::kWritingSlack, "H3@2"},
  };
  for (const auto& row : kRows) {
    std::vector<Outcome> outcomes = {Done(0x1000), Done(0x2000)};
    outcomes[1].stage = row.stage;
    EXPECT_EQ(Verdict(c, outcomes, kSegv), row.verdict) << static_cast<int>(row.stage);
  }
}

// Nobody catches what operator new throws.
TEST(JudgeTest, AnAbortOfAnOperatorNewThatMayFailIsAnException) {
  const RunResult abort{.end = RunEnd::kCrashed, .signal = SIGABRT, .output = {}};
  Outcome calling;
  calling.stage = Stage::kCalling;
  Outcome refused = calling;
  refused.kernel = model::KernelDuringCall::kRefused;
  EXPECT_EQ(Verdict(Parse("t0  a = new SIZE_MAX\n"), {calling}, abort), "");
  EXPECT_EQ(Verdict(Parse("t0  a = new 24\n"), {refused}, abort), "");
  EXPECT_EQ(Verdict(Parse("t0  a = new 24\n"), {calling}, abort), "H0@1");
  EXPECT_EQ(Verdict(Parse("t0  a = new 24\n"), {refused}, kSegv), "H0@1");
  EXPECT_EQ(Verdict(Parse("t0  a = new_nothrow SIZE_MAX\n"), {calling}, abort), "H8@1");
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 24\n"), {refused}, abort), "H0@1");
}

TEST(JudgeTest, ACrashBeforeTheCallSaysNothingOfIt) {
  const Case c = Parse("t0  a = malloc 64\nt0  a = realloc a 100\n");
  std::vector<Outcome> outcomes = {Done(0x1000), Outcome{}};
  outcomes[1].argument = 0x1000;
  outcomes[1].stage = Stage::kAskingUsableBefore;
  EXPECT_EQ(Verdict(c, outcomes, kSegv), "H0@2");
}

TEST(JudgeTest, ABlockGoneAfterAFailureIsThatRule) {
  const Case c = Parse("t0  a = malloc 64\nt0  a = realloc a PTRDIFF_MAX\n");
  std::vector<Outcome> outcomes = {Done(0x1000), Outcome{}};
  outcomes[1].argument = 0x1000;
  outcomes[1].errno_after = ENOMEM;
  outcomes[1].stage = Stage::kInspecting;
  EXPECT_EQ(Verdict(c, outcomes, kSegv), "H7@2");
}

TEST(JudgeTest, ACrashOverAnAbsurdSizeIsThatRule) {
  const Case c = Parse("t0  a = malloc SIZE_MAX-15\n");
  std::vector<Outcome> outcomes = {Done(0)};
  outcomes[0].stage = Stage::kCalling;
  EXPECT_EQ(Verdict(c, outcomes, kSegv), "H8@1");
}

TEST(JudgeTest, BytesAreExplainedByTheFinding) {
  const Case c = Parse("t0  a = malloc 64\nt0  a = realloc a 100\n");
  const struct {
    Finding finding;
    const char* verdict;
  } kRows[] = {
      {Finding::kNone, ""},          {Finding::kPayloadChanged, "H4@2"}, {Finding::kSlackChanged, "H9@2"},
      {Finding::kUsableChanged, "H3@2"}, {Finding::kNotZero, "H5@2"},    {Finding::kPrefixLost, "H4@2"},
      {Finding::kChangedByFailedCall, "H7@2"},
  };
  for (const auto& row : kRows) {
    std::vector<Outcome> outcomes = {Done(0x1000), Done(0x2000)};
    outcomes[1].argument = 0x1000;
    outcomes[1].usable = 100;
    outcomes[1].finding = row.finding;
    EXPECT_EQ(Verdict(c, outcomes, kFinished), row.verdict) << static_cast<int>(row.finding);
  }
}

TEST(JudgeTest, NothingIsEvidenceAfterAnOverlap) {
  const Case c = Parse("t0  a = malloc 64\nt0  b = malloc 64\nt0  free a\n");
  std::vector<Outcome> outcomes = {Done(0x1000), Done(0x1020), Done(0)};
  outcomes[2].argument = 0x1000;
  outcomes[2].finding = Finding::kPayloadChanged;
  EXPECT_EQ(Verdict(c, outcomes, kFinished), "H1@2");
}

TEST(JudgeTest, BetweenOperationsThreadsStartAndEnd) {
  const Case start = Parse("t0  a = malloc 64\nt1  b = malloc 64\n");
  std::vector<Outcome> outcomes = {Done(0x1000), Outcome{}};
  EXPECT_EQ(Verdict(start, outcomes, kSegv), "H0@2");
  const Case end = Parse("t1  a = malloc 64\nt1  exit\nt0  check\n");
  EXPECT_EQ(Verdict(end, {Done(0x1000), Done(0), Outcome{}}, kSegv), "H0@2");
}

TEST(JudgeTest, WhatTheSubjectSaidIsQuoted) {
  const Case c = Parse("t0  free null\n");
  Outcome outcome = Done(0);
  outcome.stage = Stage::kCalling;
  const RunResult aborted{.end = RunEnd::kCrashed, .signal = SIGABRT, .output = "first\nfree(): invalid pointer"};
  const Judgement judgement = Judge(c, {&outcome, 1}, aborted, {});
  ASSERT_EQ(judgement.violations.size(), 1u);
  EXPECT_EQ(judgement.violations[0].what.actual, "aborted, saying 'free(): invalid pointer'");
}

}  // namespace
}  // namespace breakproof::harness
