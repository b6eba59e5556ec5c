#include "harness/worker/outside/within_reach.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/case/case_text.h"

namespace breakproof::tests {
namespace {

std::string Within(const std::string& text) {
  harness::Case c;
  harness::ParseError error;
  EXPECT_TRUE(harness::ParseCase("# breakproof case v1\n" + text, &c, &error)) << error.message;
  const std::string printed = harness::PrintCase(harness::WithinReach(c));
  return printed.substr(printed.find('\n') + 1);
}

TEST(WithinReach, OnlyMovesThatUndoTheOnesBeforeTakeBack) {
  EXPECT_EQ(Within("t0  sbrk -8\nt0  sbrk 100\nt1  sbrk -60\nt0  sbrk -60\nt0  sbrk -40\n"),
            "t0  sbrk 100\nt1  sbrk -60\nt0  sbrk -40\n");
}

TEST(WithinReach, AnAllocationBetweenMayHaveTheTop) {
  EXPECT_EQ(Within("t0  sbrk 100\nt0  a = malloc 1\nt0  sbrk -100\n"), "t0  sbrk 100\nt0  a = malloc 1\n");
}

TEST(WithinReach, NoGapAndNoMoreRefusalsThanAreKept) {
  std::string refusals;
  for (int i = 1; i <= 8; ++i) refusals += " refuse=brk@" + std::to_string(i);
  EXPECT_EQ(Within("kernel " + refusals + " refuse=mmap@1 gap=4096\nt0  a = malloc 1\n"),
            "kernel " + refusals + "\nt0  a = malloc 1\n");
}

}  // namespace
}  // namespace breakproof::tests
