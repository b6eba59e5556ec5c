// Minimisation, on failures that are known beforehand.
#include "harness/minimize/minimize.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/case/case_text.h"
#include "harness/generate/generator.h"

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

TEST(MinimizeTest, StopsWhenTold) {
  const Case c = GenerateCase(5, 3, kAllEntries);
  const std::atomic<bool> stop = true;
  const Case same = Minimize(c, [](const Case&) { return true; }, {.stop = &stop});
  EXPECT_EQ(same.operations.size(), c.operations.size());
}

}  // namespace
}  // namespace breakproof::harness
