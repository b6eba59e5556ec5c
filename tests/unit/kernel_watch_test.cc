// From kernel calls to rules: what a subject may do to memory that it holds, and to what it does not.
#include "harness/judge/kernel_watch.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "harness/case/case_text.h"
#include "harness/support/address_set.h"

namespace breakproof::harness {
namespace {

using model::KernelCall;
using model::KernelCallKind;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kBreak = 0x1000000;

struct Scene {
  Case c;
  std::vector<Outcome> outcomes;
  std::vector<LogRecord> calls;

  void Add(Operation operation, std::uint64_t address, std::uint64_t argument = 0) {
    operation.result = operation.argument = 0;
    c.operations.push_back(operation);
    Outcome outcome;
    outcome.address = address;
    outcome.argument = argument;
    outcome.usable = operation.size;
    outcome.errno_after = kErrnoSentinel;
    outcome.stage = Stage::kDone;
    outcomes.push_back(outcome);
  }
  void Malloc(std::uint64_t size, std::uint64_t address) { Add({.entry = model::Entry::kMalloc, .size = size}, address); }
  void Free(std::uint64_t address) { Add({.entry = model::Entry::kFree}, 0, address); }

  // During the last operation.
  void Call(KernelCall call, std::uint64_t result = 0) {
    calls.push_back({static_cast<std::uint32_t>(c.operations.size() - 1), 0, call, result});
  }
  void Map(std::uint64_t address, std::uint64_t bytes) { Call({.kind = KernelCallKind::kMmap, .length = bytes}, address); }
  void Unmap(std::uint64_t address, std::uint64_t bytes) {
    Call({.kind = KernelCallKind::kMunmap, .address = address, .length = bytes});
  }
  void Break(std::uint64_t to) { Call({.kind = KernelCallKind::kBrk, .address = to}, to); }

  std::string Verdict() {
    NameSlots(&c);
    RunResult run;
    run.end = RunEnd::kFinished;
    std::string text;
    for (const CaseViolation& violation : JudgeWatched(c, outcomes, {calls, kBreak, 0, 0}, run, {}).violations) {
      text += std::string(model::TextOf(violation.what.rule).id) + "@" + std::to_string(violation.operation + 1) + " ";
    }
    return text;
  }
};

TEST(KernelWatchTest, MappingsComeAndGo) {
  Scene scene;
  for (int round = 0; round < 3; ++round) {
    scene.Malloc(kPage, 0x7000000);
    scene.Map(0x7000000, kPage);
    scene.Free(0x7000000);
    scene.Unmap(0x7000000, kPage);
  }
  EXPECT_EQ(scene.Verdict(), "");
  scene.Malloc(8, 0x6000000);
  scene.Unmap(0x7000000, kPage);
  EXPECT_EQ(scene.Verdict(), "K9@7 ");
}

TEST(KernelWatchTest, PagesOfLiveBlocksStay) {
  Scene scene;
  scene.Malloc(100, 0x7000f80);
  scene.Map(0x7000000, 4 * kPage);
  scene.Malloc(100, 0x7003000);
  scene.Unmap(0x7001000, kPage);  // the first block ends before
  EXPECT_EQ(scene.Verdict(), "");
  scene.Malloc(100, 0x7003100);
  scene.Unmap(0x7000000, 1);
  EXPECT_EQ(scene.Verdict(), "H1@3 ");
}

TEST(KernelWatchTest, BytesOfLiveBlocksAreNotDiscarded) {
  Scene scene;
  scene.Malloc(kPage + 1, 0x7000000);
  scene.Map(0x7000000, 4 * kPage);
  scene.Malloc(8, 0x7003000);
  scene.Call({.kind = KernelCallKind::kMadvise, .address = 0x7001000, .length = kPage, .detail = MADV_FREE});
  EXPECT_EQ(scene.Verdict(), "H4@2 ");
}

TEST(KernelWatchTest, TheBreakIsNotLoweredOverTheProgramsMemory) {
  Scene scene;
  scene.Malloc(8, kBreak);
  scene.Break(kBreak + 4 * kPage);
  scene.Add({.kind = OperationKind::kSbrk, .size = kPage}, kBreak + 4 * kPage);
  scene.Break(kBreak + 5 * kPage);
  scene.Free(kBreak);
  scene.Break(kBreak + 3 * kPage);
  EXPECT_EQ(scene.Verdict(), "K9@3 ");
}

TEST(KernelWatchTest, BlocksDoNotLieInTheProgramsMemory) {
  Scene scene;
  scene.Add({.kind = OperationKind::kSbrk, .size = kPage}, kBreak);
  scene.Break(kBreak + kPage);
  scene.Malloc(8, kBreak + 64);
  EXPECT_EQ(scene.Verdict(), "H1@2 ");
}

Scene Rounds(std::uint64_t lost_each) {
  Scene scene;
  for (std::uint64_t round = 0; round < 12; ++round) {
    const std::uint64_t address = 0x7000000 + round * 0x100000;
    scene.Malloc(0x10000, address);
    scene.Map(address, 0x10000);
    scene.Free(address);
    if (lost_each < 0x10000) scene.Unmap(address + lost_each, 0x10000 - lost_each);
  }
  return scene;
}

TEST(KernelWatchTest, EqualRoundsDoNotGrow) {
  EXPECT_EQ(Rounds(0).Verdict(), "");
  EXPECT_EQ(Rounds(0x1000).Verdict(), "");  // a sixteenth: too little to tell
  EXPECT_EQ(Rounds(0x3000).Verdict(), "H12@24 ");
  EXPECT_EQ(Rounds(0x10000).Verdict(), "H12@24 ");
}

TEST(AddressSetTest, RangesAreCutAndCounted) {
  AddressSet set;
  set.Add(10, 40);
  set.Add(30, 60);
  EXPECT_EQ(set.total(), 50u);
  set.Remove(20, 30);
  EXPECT_EQ(set.total(), 40u);
  EXPECT_TRUE(set.Touches(19, 20));
  EXPECT_FALSE(set.Touches(20, 30));
  EXPECT_TRUE(set.Touches(20, 31));
  EXPECT_FALSE(set.Touches(60, 70));
  set.Remove(0, 100);
  EXPECT_EQ(set.total(), 0u);
}

TEST(AddressSetTest, NeighboursAreOneRange) {
  AddressSet set;
  for (const std::uint64_t begin : {40, 10, 30, 20}) set.Add(begin, begin + 10);
  EXPECT_EQ(set.total(), 40u);
  EXPECT_TRUE(set.Covers(10, 50));
  EXPECT_FALSE(set.Covers(9, 50));
  EXPECT_FALSE(set.Covers(10, 51));
  EXPECT_TRUE(set.Covers(60, 60)) << "nothing";
  set.Remove(25, 26);
  EXPECT_FALSE(set.Covers(10, 50));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
  set.ForEachIn(15, 45, [&](std::uint64_t from, std::uint64_t to) { parts.push_back({from, to}); });
  EXPECT_EQ(parts, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{15, 25}, {26, 45}}));
}

}  // namespace
}  // namespace breakproof::harness
