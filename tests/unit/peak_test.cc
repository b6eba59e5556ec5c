// The peak and what is paid for staying below it, over any sequence of pages handed out and given back.
#include "allocator/pages/peak.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace breakproof::allocator {
namespace {

constexpr std::uint64_t kPrice = 32;
constexpr std::uint64_t kLeast = 16;
constexpr std::uint64_t kLarge = 256;

TEST(Peak, RisesWhenNothingIsPaid) {
  Peak peak{};
  EXPECT_EQ(peak.Take(100, 100, 0), 0u);
  peak.Reach(100);
  EXPECT_EQ(peak.Excess(100), 0u);
  EXPECT_EQ(peak.Excess(101), 0u) << "a hundred pages do not pay for a discard";
}

TEST(Peak, IsHeldByWhatWasPaid) {
  Peak peak{};
  peak.Reach(1000);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(peak.Take(100, 1000, 0), 0u);
  EXPECT_EQ(peak.Excess(1001), kLeast) << "1000 pages pay for 31";
  EXPECT_EQ(peak.Excess(1030), 30u);
  EXPECT_EQ(peak.Excess(1040), 0u);
  peak.Pay(30);
  EXPECT_EQ(peak.Excess(1001), 0u);
}

TEST(Peak, IsRaisedByLargeBlocksUnlessTheHeapGrows) {
  Peak peak{};
  peak.Reach(1000);
  for (int i = 0; i < 13; ++i) peak.Take(100, 1000, 0);
  EXPECT_EQ(peak.Take(kLarge, 1050, 0), 0u);
  EXPECT_EQ(peak.Take(kLarge - 1, 1050, 0), 50u);
  EXPECT_EQ(peak.Take(kLarge, 1050, 300), 50u);
}

// Whatever happens, early discards are at most a fixed part of what was handed out, and of what the heap grew by.
RC_GTEST_PROP(Peak, DiscardsArePaidFor, ()) {
  const auto steps = *rc::gen::container<std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>>>(
      rc::gen::tuple(rc::gen::inRange<std::uint64_t>(0, 2 * kLarge), rc::gen::inRange<std::uint64_t>(0, 2 * kLarge),
                     rc::gen::element<std::uint64_t>(0, 0, 0, 1, 40)));
  Peak peak{};
  std::uint64_t used = 0, dirty = 0, most = 0, handed_out = 0, grown = 0, discarded = 0;
  for (const auto& [taken, freed, growth] : steps) {
    used += taken;
    dirty -= std::min(dirty, taken / 2);  // some of it was dirty already
    handed_out += taken;
    grown += growth;
    std::uint64_t excess = peak.Take(taken, used + dirty, grown);
    while (excess > 0 && dirty > 0) {
      const std::uint64_t gone = std::min(excess, dirty);
      dirty -= gone;
      discarded += gone;
      peak.Pay(gone);
      excess = peak.Excess(used + dirty);
    }
    peak.Reach(used + dirty);
    most = std::max(most, used + dirty);
    RC_ASSERT(peak.Excess(most) == 0u);
    RC_ASSERT(discarded * kPrice <= handed_out + grown * kPrice);
    const std::uint64_t given = std::min(used, freed);
    used -= given;
    dirty += given;
  }
}

}  // namespace
}  // namespace breakproof::allocator
