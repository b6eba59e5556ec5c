// Minimisation, on failures that are known beforehand.
#include "harness/minimize/minimize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "harness/case/case_text.h"
#include "harness/search/generate/generator.h"
#include "harness/judge/repetition.h"

namespace breakproof::harness {
namespace {

// Fails when a block of more than 1000 bytes is reallocated to fewer than 100.
bool ShrinksALargeBlock(const Case& c) {
  std::vector<std::uint64_t> sizes(c.slot_names.size());
  for (const Operation& operation : c.operations) {
    if (operation.kind != OperationKind::kCall) continue;
    if (operation.entry == model::Entry::kRealloc && operation.argument != kNullSlot &&
        sizes.at(operation.argument) > 1000 && operation.size < 100) {
      return true;
    }
    if (operation.result != kNullSlot) sizes.at(operation.result) = operation.size * operation.count;
    if (operation.entry == model::Entry::kFree && operation.argument != kNullSlot) sizes.at(operation.argument) = 0;
  }
  return false;
}

TEST(MinimizeTest, LeavesTheTwoOperationsThatMatter) {
  int failing = 0;
  for (std::uint64_t n = 0; failing < 10; ++n) {
    const Case c = GenerateCase(5, n, kAllEntries);
    if (!ShrinksALargeBlock(c)) continue;
    ++failing;
    const Case small = Minimize(c, ShrinksALargeBlock, {.time = std::chrono::seconds(20)});
    EXPECT_EQ(PrintCase({{}, small.operations, small.slot_names}),
              "# breakproof case v1\nt0  a = malloc 1001\nt0  a = realloc a 0\n")
        << "case " << n;
  }
}

std::string Text(const Case& c) { return PrintCase({{}, c.operations, c.slot_names, c.environment}); }

Case Parsed(const std::string& text) {
  Case c;
  ParseError error;
  EXPECT_TRUE(ParseCase("# breakproof case v1\n" + text, &c, &error)) << error.message;
  return c;
}

Case Minimal(const Case& c, const StillFails& still_fails, std::uint64_t* tries = nullptr) {
  EXPECT_TRUE(still_fails(c));
  MinimizeLimits limits{.time = std::chrono::seconds(60)};
  if (tries != nullptr) limits.on_try = [tries](const MinimizeProgress& progress) { *tries = progress.tries; };
  return Minimize(c, still_fails, limits);
}

// What an allocator whose slabs have 32 KiB for blocks of one size, a power of two, would take: the ninth slab breaks it.
bool FillsNineSlabs(const Case& c) {
  std::map<std::uint64_t, std::uint64_t> bytes;
  for (const Operation& operation : c.operations) {
    if (operation.kind == OperationKind::kCall && AssignsSlot(operation.entry) && operation.size <= 8192) {
      bytes[std::bit_ceil(operation.size)] += std::bit_ceil(operation.size);
    }
  }
  return std::ranges::any_of(bytes, [](const auto& entry) { return entry.second > 8 * 32768; });
}

TEST(MinimizeTest, LargerBlocksMakeFewerDo) {
  Case c;
  for (Slot slot = 0; slot < 5000; ++slot) c.operations.push_back({.result = slot, .size = 97});
  NameSlots(&c);
  std::uint64_t tries = 0;
  const Case small = Minimal(c, FillsNineSlabs, &tries);
  EXPECT_EQ(small.operations.size(), 33u);  // of 8 KiB
  EXPECT_LT(tries, 3000u);
}

// An allocator that loses every block of at most 8 KiB, under the rule about a growing footprint: it wants rounds that
// are equal, from no live block to none.
bool GrowsInEqualRounds(const Case& c) {
  Repetition repetition;
  std::set<Slot> live;
  std::uint64_t footprint = 0;
  for (const Operation& operation : c.operations) {
    if (AssignsSlot(operation.entry)) {
      live.insert(operation.result);
      footprint += operation.size <= 8192 ? operation.size : 0;
    } else {
      live.erase(operation.argument);
    }
    if (repetition.Observe(operation, live.size(), footprint)) return true;
  }
  return false;
}

TEST(MinimizeTest, RoundsStayEqual) {
  Case c;
  for (int round = 0; round < 14; ++round) {
    for (Slot slot = 0; slot < 70; ++slot) c.operations.push_back({.result = slot, .size = 1000});
    for (Slot slot = 0; slot < 70; ++slot) c.operations.push_back({.entry = model::Entry::kFree, .argument = slot});
  }
  NameSlots(&c);
  EXPECT_EQ(Minimal(c, GrowsInEqualRounds).operations.size(), 12u * 2 * 8);
}

TEST(MinimizeTest, DropsWholeThreadsAndJoinsTheRest) {
  const Case c = Parsed("t3  a = malloc 10\nt5  b = malloc 20\nt3  free a\nt3  exit\nt5  free b\n");
  const auto frees_b = [](const Case& candidate) {
    return std::ranges::any_of(candidate.operations, [](const Operation& o) { return o.size == 20; });
  };
  EXPECT_EQ(Text(Minimal(c, frees_b)), "# breakproof case v1\nt0  a = malloc 20\n");
}

// It once wandered between a kernel that does its duty and one that blocks the break, until its time was up.
TEST(MinimizeTest, TheKernelIsOnlyEverCalmed) {
  const Case c = Parsed("kernel  refuse=mmap@700 refuse=brk@3+ gap=4096 room=65536\nt0  a = malloc 8\n");
  std::uint64_t tries = 0;
  EXPECT_EQ(Text(Minimal(c, [](const Case&) { return true; }, &tries)), "# breakproof case v1\nt0  a = malloc 0\n");
  EXPECT_LT(tries, 20u);
  const auto refuses_late = [](const Case& candidate) {
    return std::ranges::any_of(candidate.environment.refusals, [](const Refusal& r) { return r.call >= 123; });
  };
  EXPECT_EQ(Text(Minimal(c, refuses_late, &tries)), "# breakproof case v1\nkernel  refuse=mmap@123\nt0  a = malloc 0\n");
  EXPECT_LT(tries, 100u);
}

TEST(MinimizeTest, TriesNothingTwice) {
  std::map<std::string, int> tried;
  const Case c = GenerateCase(5, 3, kAllEntries);
  Minimize(c, [&](const Case& candidate) {
    const bool fails = candidate.operations.size() > 20;
    if (!fails) ++tried[Text(WithFreshNames(candidate))];
    return fails;
  }, {.time = std::chrono::seconds(60)});
  const auto again = std::ranges::count_if(tried, [](const auto& entry) { return entry.second > 2; });
  EXPECT_LE(again, 10) << "of " << tried.size();
}

TEST(MinimizeTest, StopsWhenTold) {
  const Case c = GenerateCase(5, 3, kAllEntries);
  const std::atomic<bool> stop = true;
  const Case same = Minimize(c, [](const Case&) { return true; }, {.stop = &stop});
  EXPECT_EQ(same.operations.size(), c.operations.size());
}

}  // namespace
}  // namespace breakproof::harness
