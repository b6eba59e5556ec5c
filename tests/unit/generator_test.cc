// Generated cases: always the same, within their bounds, and of every kind.
#include "harness/search/generate/generator.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/search/generate/sizes.h"

namespace breakproof::harness {
namespace {

TEST(GeneratorTest, TheSameSeedIsTheSameCase) {
  for (std::uint64_t n = 0; n < 20; ++n) {
    EXPECT_EQ(GenerateCase(1, n, kAllEntries), GenerateCase(1, n, kAllEntries));
    EXPECT_NE(GenerateCase(1, n, kAllEntries), GenerateCase(2, n, kAllEntries));
  }
}

TEST(GeneratorTest, ReachesEveryEntryPointThreadsAndExtremes) {
  std::map<model::Entry, int> entries;
  std::set<int> threads;
  std::map<OperationKind, int> kinds;
  int exits = 0, absurd = 0, huge = 0, first_calls = 0;
  for (std::uint64_t n = 0; n < 300; ++n) {
    const Case c = GenerateCase(1, n, kAllEntries);
    first_calls += c.operations.front().thread != 0;
    for (const Operation& operation : c.operations) {
      if (operation.kind == OperationKind::kCall) ++entries[operation.entry];
      ++kinds[operation.kind];
      threads.insert(operation.thread);
      exits += operation.kind == OperationKind::kThreadExit;
      absurd += operation.size > PTRDIFF_MAX;
      huge += operation.size >= 32u << 20 && operation.size <= 64u << 20;
    }
  }
  for (int entry = 0; entry < model::kEntryCount; ++entry) {
    EXPECT_GT(entries[static_cast<model::Entry>(entry)], 30) << model::NameOf(static_cast<model::Entry>(entry));
  }
  EXPECT_EQ(threads, (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  for (const OperationKind kind : {OperationKind::kTouch, OperationKind::kTrim, OperationKind::kClock,
                                   OperationKind::kFork, OperationKind::kThreadStart}) {
    EXPECT_GT(kinds[kind], 3) << static_cast<int>(kind);
  }
  EXPECT_GT(exits, 30);
  EXPECT_GT(absurd, 30);
  EXPECT_GT(huge, 10);
  EXPECT_GT(first_calls, 30) << "a process may begin with a second thread's call";
}

TEST(GeneratorTest, UsesOnlyWhatItMay) {
  const EntrySet without = kAllEntries & ~(1u << static_cast<int>(model::Entry::kPvalloc)) &
                           ~(1u << static_cast<int>(model::Entry::kUsableSize));
  for (std::uint64_t n = 0; n < 100; ++n) {
    for (const Operation& operation : GenerateCase(1, n, without).operations) {
      EXPECT_NE(operation.entry, model::Entry::kPvalloc);
      EXPECT_NE(operation.entry, model::Entry::kUsableSize);
    }
  }
}

TEST(SizesTest, BoundariesAreHitExactlyAndOneToEachSide) {
  std::set<std::uint64_t> seen;
  Random random(1);
  for (int i = 0; i < 200000; ++i) seen.insert(PickSize(random));
  for (const std::uint64_t boundary : {16, 64, 1024, 4096, 8192, 32768, 131072}) {
    for (const std::uint64_t size : {boundary - 1, boundary, boundary + 1}) {
      EXPECT_TRUE(seen.contains(size)) << size;
    }
  }
  EXPECT_LE(*seen.rbegin(), (64u << 20) + 33);
}

}  // namespace
}  // namespace breakproof::harness
