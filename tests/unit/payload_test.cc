// The pattern in blocks: what is filled, what is noticed.
#include "harness/execute/payload.h"

#include <gtest/gtest.h>

#include <vector>

namespace breakproof::harness {
namespace {

TEST(PayloadTest, EveryByteOfASmallBlockIsWatched) {
  for (const std::uint64_t length : {0, 1, 7, 8, 9, 63, 64, 1000, 4097}) {
    std::vector<std::uint8_t> block(length + 16, 0xee);
    Fill(block.data() + 8, SeedOf(3), 0, length);
    EXPECT_EQ(block[7], 0xee);
    EXPECT_EQ(block[8 + length], 0xee) << "one byte too much";
    EXPECT_EQ(FirstChanged(block.data() + 8, SeedOf(3), 0, length, length), length);
    for (std::uint64_t at = 0; at < length; ++at) {
      block[8 + at] ^= 1;
      ASSERT_EQ(FirstChanged(block.data() + 8, SeedOf(3), 0, length, length), at) << length;
      block[8 + at] ^= 1;
    }
  }
}

TEST(PayloadTest, BlocksDifferAtEveryWord) {
  std::vector<std::uint8_t> block(4096);
  Fill(block.data(), SeedOf(1), 0, block.size());
  EXPECT_EQ(FirstChanged(block.data(), SeedOf(2), 0, block.size(), block.size()), 0u);
  for (std::uint64_t shift = 8; shift < 512; shift += 8) {
    EXPECT_EQ(FirstChanged(block.data() + shift, SeedOf(1), 0, 512, 512), 0u) << "moved by " << shift;
  }
}

TEST(PayloadTest, ALargeBlockIsWatchedAtItsEndsAndInItsPages) {
  for (const std::uint64_t length : {kFullLength + 1, kDenseLength, std::uint64_t{5} << 20}) {
    std::vector<std::uint8_t> block(length);
    Fill(block.data(), SeedOf(9), 0, length);
    EXPECT_EQ(FirstChanged(block.data(), SeedOf(9), 0, length, length), length);
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{4095}, length - 4096, length - 1}) {
      block[at] ^= 0x80;
      EXPECT_EQ(FirstChanged(block.data(), SeedOf(9), 0, length, length), at);
      block[at] ^= 0x80;
    }
  }
}

TEST(PayloadTest, APrefixIsCheckedAsFarAsItReaches) {
  std::vector<std::uint8_t> block(300000);
  Fill(block.data(), SeedOf(4), 0, block.size());
  block[5000] ^= 1;  // between stripes only if it were striped from elsewhere
  block[100] ^= 1;
  EXPECT_EQ(FirstChanged(block.data(), SeedOf(4), 0, block.size(), 100), block.size());
  EXPECT_EQ(FirstChanged(block.data(), SeedOf(4), 0, block.size(), 101), 100u);
}

TEST(PayloadTest, ZeroesAreLookedForInEveryByte) {
  std::vector<std::uint8_t> block(1001);
  EXPECT_EQ(FirstNonZero(block.data(), block.size()), block.size());
  for (const std::uint64_t at : {0, 7, 8, 500, 999, 1000}) {
    block[at] = 1;
    EXPECT_EQ(FirstNonZero(block.data(), block.size()), at);
    block[at] = 0;
  }
}

}  // namespace
}  // namespace breakproof::harness
