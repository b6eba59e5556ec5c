// What the production allocator may hold of the kernel: the bound of H13, and what its statistics must say (H10), on
// sequences small enough to be reckoned by hand.
#include "model/policy/own/footprint.h"

#include <gtest/gtest.h>

#include "model/policy/own/supply.h"

namespace breakproof::model::own {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPad = 128 << 10;
constexpr std::uint64_t kBreak = 0x10000000;
constexpr std::uint64_t kMap = 0x7e0000000000;
// The need of a page, the padding, and a page that somebody else may have begun.
constexpr std::uint64_t kSmallGrowth = kPage + kPad + kPage;

// Of a heap that has bought as much before as it likes.
std::uint64_t BoundAfterGrowth(Footprint footprint, std::uint64_t payload, std::uint64_t regions) {
  footprint.Retailed(1 << 30);
  footprint.Begin(payload, 1);
  footprint.Grew(false, kPad, regions);
  return footprint.bound();
}

TEST(FootprintTest, ClassesAreThoseOfTheReadme) {
  ASSERT_EQ(Classes().size(), 72u);
  EXPECT_EQ(Classes().front().size, 16u);
  EXPECT_EQ(Classes().back().size, 32768u);
  for (const SlabShape& shape : Classes()) {
    const std::uint64_t part = shape.size <= 1024 ? 16 : 8;  // of a slab, at most, is its tail
    EXPECT_LE((shape.pages * kPage - shape.blocks * shape.size) * part, shape.pages * kPage) << shape.size;
  }
}

TEST(FootprintTest, AFreshHeapMayBuyTheNeedAndThePadding) {
  EXPECT_EQ(BoundAfterGrowth(Footprint(), 16, 0), kSmallGrowth);
}

// 256 blocks of 16 bytes are one page; an owner may have cut one slab more.
TEST(FootprintTest, SlabsFollowFromTheMostOwned) {
  Footprint footprint;
  for (std::uint64_t i = 0; i < 512; ++i) footprint.Allocated(1, kBreak + i * 16, 16);
  EXPECT_EQ(BoundAfterGrowth(footprint, 16, 1), 3 * kPage + kSmallGrowth);
  for (std::uint64_t i = 0; i < 512; ++i) footprint.Freed(1, kBreak + i * 16);
  EXPECT_EQ(BoundAfterGrowth(footprint, 16, 1), 3 * kPage + kSmallGrowth) << "a peak stays";
  for (std::uint64_t i = 0; i < 256; ++i) footprint.Allocated(1, kBreak + i * 16, 16);
  EXPECT_EQ(BoundAfterGrowth(footprint, 16, 1), 3 * kPage + kSmallGrowth) << "what came home is used again";
}

TEST(FootprintTest, BlocksInABatchAreNotHomeYet) {
  constexpr std::uint64_t kSize = 256, kBlocks = kPage / kSize;  // a slab
  Footprint footprint;
  for (std::uint64_t i = 0; i < kBlocks; ++i) footprint.Allocated(1, kBreak + i * kSize, kSize);
  for (std::uint64_t i = 0; i < kBlocks; ++i) footprint.Freed(2, kBreak + i * kSize);
  EXPECT_EQ(footprint.batched_bytes(), kPage);
  Footprint sent = footprint;
  sent.Sent(2);
  EXPECT_EQ(sent.batched_bytes(), 0u);
  for (std::uint64_t i = 0; i < kBlocks; ++i) {
    footprint.Allocated(1, kBreak + kPage + i * kSize, kSize);
    sent.Allocated(1, kBreak + kPage + i * kSize, kSize);
  }
  EXPECT_EQ(BoundAfterGrowth(footprint, kSize, 1), 3 * kPage + kSmallGrowth);
  EXPECT_EQ(BoundAfterGrowth(sent, kSize, 1), 2 * kPage + kSmallGrowth);
}

TEST(FootprintTest, ABatchIsSentWhenItIsFullOrItsPlaceIsTaken) {
  Footprint footprint;
  footprint.Allocated(1, kBreak, 16 << 10);
  footprint.Freed(2, kBreak);
  EXPECT_EQ(footprint.batched_bytes(), 0u);
  footprint.Allocated(1, kBreak, 64);
  footprint.Allocated(9, kBreak + 64, 128);
  footprint.Freed(2, kBreak);
  footprint.Freed(2, kBreak + 64);
  EXPECT_EQ(footprint.batched_bytes(), 128u);
}

TEST(FootprintTest, ABatchIsFullOfSmallBlocksAsWell) {
  constexpr std::uint64_t kMost = 63;
  Footprint footprint;
  for (std::uint64_t i = 0; i < kMost; ++i) footprint.Allocated(1, kBreak + i * 16, 16);
  for (std::uint64_t i = 0; i < kMost - 1; ++i) footprint.Freed(2, kBreak + i * 16);
  EXPECT_EQ(footprint.batched_bytes(), (kMost - 1) * 16);
  footprint.Freed(2, kBreak + (kMost - 1) * 16);
  EXPECT_EQ(footprint.batched_bytes(), 0u);
}

// Two spans in one region leave at most three runs; what is shorter than the need does not serve it.
TEST(FootprintTest, HolesAreShorterThanTheNeed) {
  Footprint footprint;
  footprint.Allocated(0, kBreak, 10 * kPage);
  footprint.Allocated(0, kBreak + 20 * kPage, 10 * kPage);
  const std::uint64_t growth = 16 * kPage + kPad + kPage;
  EXPECT_EQ(BoundAfterGrowth(footprint, 16 * kPage, 1), (20 + 3 * 15) * kPage + growth);
}

TEST(FootprintTest, WhatTheKernelWouldNotTakeBackIsAdded) {
  Footprint footprint;
  footprint.Retailed(kPage);
  EXPECT_EQ(footprint.bound(), kPage);
}

TEST(FootprintTest, WhatWasGivenBackIsNotKept) {
  Footprint footprint;
  footprint.Begin(100 * kPage, 1);
  footprint.Grew(false, kPad, 0);
  footprint.Shrank(50 * kPage);
  EXPECT_EQ(footprint.bound(), (100 - 50 + 1) * kPage + kPad);
}

KernelCall Mmap(std::uint64_t length) { return {.kind = KernelCallKind::kMmap, .length = length}; }
KernelCall Munmap(std::uint64_t length) { return {.kind = KernelCallKind::kMunmap, .address = kMap, .length = length}; }

TEST(SupplyTest, WholePagesOfTheBreakCount) {
  Supply supply;
  supply.Begin();
  supply.MoveBreak(kBreak + 1, kBreak + 3 * kPage, true);
  supply.End();
  EXPECT_EQ(supply.heap_bytes(), 2 * kPage);
  EXPECT_EQ(supply.regions(), 1u);
  supply.Begin();
  supply.MoveBreak(kBreak + 3 * kPage, kBreak + 2 * kPage, true);
  supply.MoveBreak(kBreak + 4 * kPage, kBreak + 5 * kPage, true);  // beyond somebody else's page
  supply.End();
  EXPECT_EQ(supply.heap_bytes(), 2 * kPage);
  EXPECT_EQ(supply.regions(), 2u);
  EXPECT_TRUE(supply.most_heap_bytes().IsRight(2 * kPage));
  EXPECT_FALSE(supply.most_heap_bytes().IsRight(kPage));
}

TEST(SupplyTest, AMappingThatTheKernelKeepsIsRetailed) {
  Supply supply;
  supply.Begin();
  supply.Follow(Mmap(8 * kPage), true, kMap, true);
  supply.End();
  EXPECT_EQ(supply.mapping_bytes(), 8 * kPage);
  supply.Begin();
  supply.Follow(Munmap(8 * kPage), false, 0, false);
  EXPECT_EQ(supply.retailed(), 8 * kPage);
  supply.End();
  EXPECT_EQ(supply.mappings(), 0u);
  EXPECT_EQ(supply.heap_bytes(), 8 * kPage);
}

TEST(SupplyTest, WhatCannotBeEnteredOrReturnedIsNobodys) {
  Supply supply;
  supply.Begin();
  supply.Follow(Mmap(8 * kPage), true, kMap, false);
  supply.BooksRefused();
  supply.Follow(Munmap(8 * kPage), false, 0, false);
  supply.MoveBreak(kBreak, kBreak + kPage, true);
  supply.BooksRefused();
  supply.MoveBreak(kBreak + kPage, kBreak, false);
  supply.End();
  EXPECT_EQ(supply.heap_bytes(), 0u);
  EXPECT_TRUE(supply.most_heap_bytes().IsRight(0));
}

}  // namespace
}  // namespace breakproof::model::own
