// The monitor in a worker: it sees the subject's memory calls and nobody else's, and refuses those it is told to.
#include "harness/worker/outside/call_log.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/case/case_text.h"
#include "harness/support/could_not_run.h"
#include "harness/worker/outside/case_runner.h"
#include "tools/scratch_folder.h"

namespace breakproof::harness {
namespace {

using model::KernelCallKind;

constexpr std::uint64_t kMiB = 1 << 20;

class MonitorTest : public testing::Test {
 protected:
  // Kinds of the calls seen, each with the operation it belongs to: "brk@1 mmap@2".
  std::string Run(const std::string& operations) {
    Case c;
    ParseError error;
    EXPECT_TRUE(ParseCase("# breakproof case v1\n" + operations, &c, &error)) << error.message;
    result_ = runner_.Run(c, &log_);
    log_.RequireThatAllWasSeen();
    std::string seen;
    for (const LogRecord& record : log_.records()) {
      seen += (seen.empty() ? "" : " ") + std::string(NameOf(record.call.kind)) + "@" + std::to_string(record.operation + 1);
    }
    return seen;
  }

  void SetUp() override { log_.Prepare(); }

  tools::ScratchFolder scratch_;
  RunSettings settings_{.worker = std::getenv("WORKER"), .subject = {}, .folder = scratch_.path()};
  CaseRunner runner_{settings_, "monitor"};
  CallLog log_{100};
  RunResult result_;
};

TEST_F(MonitorTest, SeesEveryCallWithItsArgumentsAndResult) {
  EXPECT_EQ(Run("t0  a = malloc 1000\nt0  b = malloc 1M\nt0  b = realloc b 4M\nt0  free b\n"),
            "brk@1 brk@1 mmap@2 mremap@3 munmap@4");
  ASSERT_EQ(log_.records().size(), 5u);
  const auto records = log_.records();
  const std::uint64_t start = runner_.journal().header().initial_break;
  EXPECT_EQ(records[0].result, start);
  EXPECT_EQ(records[1].call.address, start + 0x21000);
  EXPECT_EQ(records[1].result, start + 0x21000);
  EXPECT_EQ(records[2].call.length, kMiB + 4096);
  EXPECT_EQ(records[2].result + 16, runner_.journal().outcomes()[1].address);
  EXPECT_EQ(records[3].call.new_length, 4 * kMiB + 4096);
  EXPECT_EQ(records[4].call.address, records[3].result);
}

TEST_F(MonitorTest, SeesNothingOfTheHarness) {
  EXPECT_EQ(Run("t0  check\nt0  free null\nt0  check\n"), "");
  // A thread's stack is the harness's; its arena is the subject's.
  const std::string seen = Run("t1  a = malloc 24\nt1  exit\nt0  free a\n");
  EXPECT_TRUE(seen.starts_with("mmap@1")) << seen;
  EXPECT_EQ(log_.records()[0].call.length, 128 * kMiB) << seen;
}

TEST_F(MonitorTest, RefusesWhatItIsTold) {
  log_.Refuse(KernelCallKind::kMmap, {1, UINT32_MAX});
  EXPECT_EQ(Run("t0  a = malloc 10M\n"), "brk@1 brk@1 mmap@1 brk@1");
  EXPECT_EQ(log_.records()[2].error, ENOMEM);
  EXPECT_NE(runner_.journal().outcomes()[0].address, 0u);
}

TEST_F(MonitorTest, ARefusedBreakStaysWhereItIs) {
  log_.Refuse(KernelCallKind::kBrk, {2, 2});
  EXPECT_EQ(Run("t0  a = malloc 24\n"), "brk@1 brk@1 mmap@1");
  EXPECT_EQ(log_.records()[1].result, runner_.journal().header().initial_break);
  EXPECT_EQ(log_.records()[1].error, 0);
}

// Without a log of the caller's: the runner sees to what the case says of its kernel.
class KernelLineTest : public MonitorTest {
 protected:
  std::string Served(const std::string& text) {
    Case c;
    ParseError error;
    EXPECT_TRUE(ParseCase("# breakproof case v1\n" + text, &c, &error)) << error.message;
    runner_.Run(c);
    std::string served;
    for (std::size_t i = 0; i < c.operations.size(); ++i) {
      if (c.operations[i].kind != OperationKind::kCall) continue;
      served += runner_.journal().outcomes()[i].address != 0 ? 'y' : 'n';
    }
    return served;
  }
};

TEST_F(KernelLineTest, RefusalsAreThoseOfTheCase) {
  EXPECT_EQ(Served("t0  a = malloc 1M\nt0  b = malloc 1M\n"), "yy");
  EXPECT_EQ(Served("kernel refuse=any@1+\nt0  a = malloc 1M\nt0  b = malloc 24\n"), "nn");
  // glibc tries the break where it gets no mapping ...
  EXPECT_EQ(Served("kernel refuse=mmap@1+\nt0  a = malloc 1M\n"), "y");
  // ... and a mapping where it gets no break: the first one is its thread cache's.
  EXPECT_EQ(Served("kernel refuse=mmap@3+ refuse=brk@1+\nt0  a = malloc 1M\nt0  b = malloc 1M\n"), "yn");
}

TEST_F(KernelLineTest, RefusalsComeAndGo) {
  EXPECT_EQ(Served("t0  refuse any SIZE_MAX\nt0  a = malloc 1M\nt0  refuse any 0\nt0  a = malloc 1M\n"), "ny");
}

TEST_F(KernelLineTest, TheBreakMeetsAMapping) {
  EXPECT_EQ(Served("kernel room=0 refuse=mmap@1+\nt0  a = malloc 24\n"), "n");
  EXPECT_EQ(Served("t0  block 0\nt0  refuse mmap SIZE_MAX\nt0  a = malloc 24\n"), "n");
  EXPECT_EQ(Served("kernel room=16M refuse=mmap@1+\nt0  a = malloc 24\n"), "y");
}

TEST_F(KernelLineTest, WhatNoRealKernelDoesIsRefused) {
  EXPECT_THROW(Served("kernel gap=4096\nt0  a = malloc 24\n"), CouldNotRun);
}

TEST_F(MonitorTest, AnAbortIsStillAnAbort) {
  Run("t0  a = malloc 24\nt0  sbrk -8\nt0  b = malloc 100K\nt0  c = malloc 100K\n");
  EXPECT_EQ(result_.end, RunEnd::kCrashed);
  EXPECT_EQ(result_.signal, SIGABRT);
  EXPECT_NE(result_.output.find("break adjusted"), std::string::npos) << result_.output;
}

TEST_F(MonitorTest, SaysWhenTheLogIsFull) {
  std::string operations = "t0  mallopt mmap_threshold 128K\n";
  for (int i = 0; i < 60; ++i) operations += "t0  a = malloc 200K\nt0  free a\n";
  EXPECT_THROW(Run(operations), CouldNotRun);
}

}  // namespace
}  // namespace breakproof::harness
