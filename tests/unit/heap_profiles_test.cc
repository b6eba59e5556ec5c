// The profiles: where standards differ, the same result is right for one and wrong for another; and the promises that
// take more than calls to judge.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "model/heap/heap.h"

namespace breakproof::model {
namespace {

constexpr int kSentinel = 4000;

HeapResponse Returned(std::uint64_t address) {
  return {.address = address, .errno_before = kSentinel, .errno_after = kSentinel};
}

HeapResponse Failed(int error) { return {.errno_before = kSentinel, .errno_after = error}; }

std::string Rules(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& v : violations) text += (text.empty() ? "" : " ") + std::string(TextOf(v.rule).id);
  return text;
}

TEST(ProfilesTest, EveryCellHasAClauseAndEveryRowIsThere) {
  std::set<std::pair<Entry, Situation>> seen;
  for (const ProfileRow& row : ProfileTable()) {
    for (const Cell& cell : row.cells) EXPECT_FALSE(cell.clause.empty());
    for (int entry = 0; entry < kEntryCount; ++entry)
      if ((row.entries >> entry & 1) != 0) {
        EXPECT_TRUE(seen.insert({static_cast<Entry>(entry), row.situation}).second) << NameOf(static_cast<Entry>(entry));
      }
  }
  for (int entry = 0; entry < kEntryCount; ++entry) {
    if (static_cast<Entry>(entry) == Entry::kUsableSize) continue;  // a glibc extension without hard cases
    EXPECT_TRUE(std::ranges::any_of(seen, [&](const auto& row) { return row.first == static_cast<Entry>(entry); }))
        << NameOf(static_cast<Entry>(entry));
  }
}

struct Row {
  const char* what;
  HeapCall call;
  HeapResponse response;
  const char* broken[kProfileCount];  // by profile: glibc, C23, C17, POSIX.1-2024, musl
};

TEST(ProfilesTest, WhereStandardsDiffer) {
  HeapResponse freed = Returned(0);
  freed.errno_after = EINVAL;
  const Row kRows[] = {
      {"malloc(0) is NULL", {.entry = Entry::kMalloc}, Failed(kSentinel), {"H6", "", "", "", "H6"}},
      {"malloc(8) is aligned to 8", {.entry = Entry::kMalloc, .size = 8}, Returned(0x1008), {"H2", "", "H2", "H2", "H2"}},
      {"malloc fails without errno", {.entry = Entry::kMalloc, .size = 24}, Failed(kSentinel), {"H6", "", "", "H6", "H6"}},
      {"aligned_alloc rounds 24 up", {.entry = Entry::kAlignedAlloc, .size = 8, .alignment = 24}, Returned(0x1000),
       {"", "H8", "H8", "H8", "H8"}},
      {"aligned_alloc refuses 24 with ENOMEM", {.entry = Entry::kAlignedAlloc, .size = 8, .alignment = 24}, Failed(ENOMEM),
       {"", "", "", "H6", "H6"}},
      {"memalign rounds 24 up", {.entry = Entry::kMemalign, .size = 8, .alignment = 24}, Returned(0x1000),
       {"", "", "", "", "H8"}},
      {"memalign takes 0 for 1", {.entry = Entry::kMemalign, .size = 8, .alignment = 0}, Returned(0x1000),
       {"", "", "", "", ""}},
      {"aligned_alloc takes 0 for 1", {.entry = Entry::kAlignedAlloc, .size = 8, .alignment = 0}, Returned(0x1000),
       {"", "H8", "H8", "H8", ""}},
      {"aligned_alloc of an odd size", {.entry = Entry::kAlignedAlloc, .size = 7, .alignment = 64}, Returned(0x1040),
       {"", "", "", "", ""}},
      {"free changes errno", {.entry = Entry::kFree}, freed, {"H6", "", "", "H6", "H6"}},
      {"an overflowing product is served", {.entry = Entry::kCalloc, .size = SIZE_MAX, .count = 2}, Returned(0x1000),
       {"H8", "H8", "H8", "H8", "H8"}},
  };
  for (const Row& row : kRows) {
    for (int profile = 0; profile < kProfileCount; ++profile) {
      HeapModel model(static_cast<Profile>(profile));
      EXPECT_EQ(Rules(model.Apply(row.call, row.response)), row.broken[profile])
          << row.what << ", " << NameOf(static_cast<Profile>(profile));
    }
  }
}

TEST(ProfilesTest, ReallocToZero) {
  const char* kBroken[kProfileCount] = {"", "", "", "", "H6"};  // musl keeps a block of its own
  for (int profile = 0; profile < kProfileCount; ++profile) {
    HeapModel model(static_cast<Profile>(profile));
    model.Apply({.entry = Entry::kMalloc, .size = 24}, Returned(0x1000));
    const HeapCall call{.entry = Entry::kRealloc, .size = 0, .address = 0x1000};
    EXPECT_EQ(Rules(model.Apply(call, Failed(kSentinel))), kBroken[profile]) << NameOf(static_cast<Profile>(profile));
  }
}

TEST(BooksTest, NameExactlyTheLiveBlocks) {
  HeapModel model;
  HeapResponse response = Returned(0x1000);
  response.usable = 32, response.usable_known = true;
  model.Apply({.entry = Entry::kMalloc, .size = 24}, response);
  EXPECT_EQ(Rules(model.CompareBooks({{0x1000, 32}})), "");
  EXPECT_EQ(Rules(model.CompareBooks({})), "H10");
  EXPECT_EQ(Rules(model.CompareBooks({{0x1000, 24}})), "H10");
  EXPECT_EQ(Rules(model.CompareBooks({{0x2000, 16}, {0x1000, 32}})), "H10");
  EXPECT_EQ(Rules(model.CompareBooks({{0x800, 16}, {0x1000, 32}})), "H10");
}

TEST(FootprintTest, BoundWhileLiveAndAfterAll) {
  HeapModel model;
  EXPECT_EQ(Rules(model.CheckFootprint({4096, 4096})), "");
  EXPECT_EQ(Rules(model.CheckFootprint({4097, 4096})), "H12");
  model.Apply({.entry = Entry::kMalloc, .size = 24}, Returned(0x1000));
  EXPECT_EQ(Rules(model.CheckFootprint({4097, 4096})), "H13");
}

TEST(SpuriousFailureTest, OnlyBeyondALimitOrWhenRefused) {
  struct {
    HeapCall call;
    KernelDuringCall kernel;
    const char* broken;
  } const kRows[] = {
      {{.size = 24}, KernelDuringCall::kNotWatched, ""},
      {{.size = 24}, KernelDuringCall::kRefused, ""},
      {{.size = 24}, KernelDuringCall::kRefusedNothing, "H14"},
      {{.size = INT64_MAX}, KernelDuringCall::kRefusedNothing, ""},
      {{.size = SIZE_MAX}, KernelDuringCall::kRefusedNothing, ""},
  };
  for (const auto& row : kRows) {
    HeapModel model;
    HeapResponse response = Failed(ENOMEM);
    response.kernel = row.kernel;
    EXPECT_EQ(Rules(model.Apply(row.call, response)), row.broken);
  }
}

}  // namespace
}  // namespace breakproof::model
