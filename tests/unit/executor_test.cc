// What operations do beside calls: touch, fork, sized frees, and what they see when a subject is wrong.
#include "harness/execute/executor.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "harness/case/case_text.h"
#include "harness/lockstep/in_process.h"

namespace breakproof::harness {
namespace {

Case Parse(const std::string& operations) {
  Case c;
  ParseError error;
  EXPECT_TRUE(ParseCase("# breakproof case v1\n" + operations, &c, &error)) << error.message;
  return c;
}

std::string Verdict(const Case& c, const MallocFamily& family) {
  std::string text;
  for (const CaseViolation& violation : RunInProcess(c, family).violations) {
    text += (text.empty() ? "" : " ") + std::string(model::TextOf(violation.what.rule).id) + "@" +
            std::to_string(violation.operation + 1);
  }
  return text;
}

// ---- touch

constexpr std::size_t kPage = 4096;

// Blocks are disjoint addresses of one page: what is written to one shows in all.
void* MapSamePageAgain(std::size_t) {
  static const int file = memfd_create("page", 0);
  if (ftruncate(file, kPage) != 0) std::abort();
  return mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
}

void Nothing(void*) {}

TEST(ExecutorTest, TouchLeavesABlockAsItWas) {
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100\nt0  touch a 3 50\nt0  touch a 90 1000\nt0  touch a SIZE_MAX SIZE_MAX\n"
                          "t0  touch null 0 1\nt0  b = malloc 300000\nt0  touch b 7 299999\nt0  check\nt0  free a\n"),
                    LibcFamily()),
            "");
}

TEST(ExecutorTest, TouchOfAPageThatTwoBlocksShareIsSeenInTheOther) {
  MallocFamily family = LibcFamily();
  family.malloc = MapSamePageAgain;
  family.free = Nothing;
  family.malloc_usable_size = nullptr;
  // The second block's pattern is over the first one's: its own bytes are gone when they are looked at.
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 64\nt0  b = malloc 64\nt0  touch a 0 64\n"), family), "H4@3");
}

// A block whose memory does not keep what is written to it.
TEST(ExecutorTest, WhatIsNotReadBackIsReported) {
  const Case c = Parse("t0  a = malloc 64\nt0  touch a 0 64\n");
  std::vector<Outcome> outcomes(2);
  outcomes[0].address = outcomes[1].argument = 0x1000;
  outcomes[0].errno_after = kErrnoSentinel;
  outcomes[0].usable = 64;
  outcomes[0].stage = outcomes[1].stage = Stage::kDone;
  outcomes[1].finding = Finding::kNotWritten;
  const RunResult finished{.end = RunEnd::kFinished, .output = {}};
  const Judgement judgement = Judge(c, outcomes, finished, {});
  ASSERT_EQ(judgement.violations.size(), 1u);
  EXPECT_EQ(judgement.violations[0].what.rule, model::RuleId::kH1);
}

// ---- fork

bool is_child = false;
enum class InChild { kFine, kOneBlockForAll, kCrash, kExit };
InChild in_child;
MallocFamily real;

int Fork() {
  const pid_t child = fork();
  is_child = child == 0;
  return child;
}

void* MallocAfterFork(std::size_t size) {
  static void* const block = real.malloc(1 << 20);
  if (!is_child) return real.malloc(size);
  switch (in_child) {
    case InChild::kOneBlockForAll: return block;
    case InChild::kCrash: *static_cast<volatile int*>(nullptr) = 1; return nullptr;
    case InChild::kExit: _exit(7);
    default: return real.malloc(size);
  }
}

void FreeAfterFork(void* block) {
  if (!is_child || in_child == InChild::kFine) real.free(block);
}

TEST(ExecutorTest, AForksChildMustWork) {
  real = LibcFamily();
  MallocFamily family = real;
  family.malloc = MallocAfterFork;
  family.free = FreeAfterFork;
  family.fork = Fork;
  const Case c = Parse("t0  a = malloc 100\nt1  b = malloc 100\nt0  fork\nt1  free b\nt1  fork\nt0  free a\n");
  in_child = InChild::kFine;
  EXPECT_EQ(Verdict(c, family), "");
  for (const InChild broken : {InChild::kOneBlockForAll, InChild::kCrash, InChild::kExit}) {
    in_child = broken;
    EXPECT_EQ(Verdict(c, family), "T1@3") << static_cast<int>(broken);
  }
}

TEST(ExecutorTest, AForkThatHangsIsThatRule) {
  const Case c = Parse("t0  a = malloc 64\nt0  fork\n");
  std::vector<Outcome> outcomes(2);
  outcomes[0].address = 0x1000;
  outcomes[0].errno_after = kErrnoSentinel;
  outcomes[0].usable = 64;
  outcomes[0].stage = Stage::kDone;
  outcomes[1].stage = Stage::kCalling;
  const RunResult hung{.end = RunEnd::kHung, .output = {}};
  const Judgement judgement = Judge(c, outcomes, hung, {});
  ASSERT_EQ(judgement.violations.size(), 1u);
  EXPECT_EQ(judgement.violations[0].what.rule, model::RuleId::kT1);
}

// ---- frees that tell sizes

struct SizedFree {
  void* block;
  std::size_t alignment, size;
};
std::vector<SizedFree> sized_frees;

TEST(ExecutorTest, SizedFreesTellWhatWasAskedForAndOnlyWhereC23AllowsIt) {
  real = LibcFamily();
  MallocFamily family = real;
  family.free_sized = [](void* block, std::size_t size) {
    sized_frees.push_back({block, 0, size});
    real.free(block);
  };
  family.free_aligned_sized = [](void* block, std::size_t alignment, std::size_t size) {
    sized_frees.push_back({block, alignment, size});
    real.free(block);
  };
  sized_frees.clear();
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100\nt0  free_sized a\nt0  a = calloc 3 7\nt0  free_sized a\n"
                          "t0  a = aligned_alloc 64 128\nt0  free_sized a\nt0  a = aligned_alloc 64 128\n"
                          "t0  free_aligned_sized a\nt0  a = memalign 64 128\nt0  free_aligned_sized a\n"
                          "t0  a = aligned_alloc 64 128\nt0  a = realloc a 300\nt0  free_sized a\nt0  free_sized null\n"),
                    family),
            "");
  ASSERT_EQ(sized_frees.size(), 5u);
  EXPECT_EQ(sized_frees[0].size, 100u);
  EXPECT_EQ(sized_frees[1].size, 21u);
  EXPECT_EQ(sized_frees[2].alignment, 64u);
  EXPECT_EQ(sized_frees[2].size, 128u);
  EXPECT_EQ(sized_frees[3].size, 300u) << "realloc's result is malloc's again";
  EXPECT_EQ(sized_frees[4].block, nullptr);
}

TEST(ExecutorTest, ASubjectWithoutThemIsGivenFree) {
  EXPECT_EQ(Verdict(Parse("t0  a = malloc 100\nt0  free_sized a\nt0  a = aligned_alloc 64 64\nt0  free_aligned_sized a\n"),
                    LibcFamily()),
            "");
}

}  // namespace
}  // namespace breakproof::harness
