// The heap model, rule by rule: what it lets pass and what it objects to.
#include "model/heap/heap.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace breakproof::model {
namespace {

constexpr int kSentinel = 4000;

HeapResponse Returned(std::uint64_t address, std::uint64_t usable = 0) {
  HeapResponse response;
  response.address = address;
  response.errno_before = response.errno_after = kSentinel;
  response.usable = usable;
  response.usable_known = usable != 0;
  return response;
}

HeapResponse Failed(int error, int status = 0) {
  HeapResponse response = Returned(0);
  response.errno_after = error;
  response.status = status;
  return response;
}

std::string Rules(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += (text.empty() ? "" : " ") + std::string(TextOf(violation.rule).id);
  }
  return text;
}

struct Row {
  const char* what;
  HeapCall call;
  HeapResponse response;
  const char* broken;  // rules, "" if it is fine
};

HeapCall Malloc(std::uint64_t size) { return {.entry = Entry::kMalloc, .size = size}; }

HeapCall Aligned(Entry entry, std::uint64_t alignment, std::uint64_t size) {
  return {.entry = entry, .size = size, .alignment = alignment};
}

HeapResponse RefusedNothing() {
  HeapResponse response = Failed(kSentinel);
  response.kernel = KernelDuringCall::kRefusedNothing;
  return response;
}

TEST(HeapModelTest, SingleCalls) {
  constexpr std::uint64_t kHuge = SIZE_MAX - 15;
  const Row kRows[] = {
      {"an ordinary block", Malloc(24), Returned(0x1000, 24), ""},
      {"a larger usable size", Malloc(24), Returned(0x1000, 40), ""},
      {"usable size too small", Malloc(24), Returned(0x1000, 16), "H3"},
      {"usable size absurd", Malloc(24), Returned(0x1000, SIZE_MAX - 15), "H3"},
      {"16 bytes need 16", Malloc(16), Returned(0x1008, 16), "H2"},
      {"8 bytes need only 8", Malloc(8), Returned(0x1008, 8), ""},
      {"7 bytes need only 4", Malloc(7), Returned(0x1004, 7), ""},
      {"refusing is allowed", Malloc(24), Failed(ENOMEM), ""},
      {"but not silently", Malloc(24), Failed(kSentinel), "H6"},
      {"nor with another errno", Malloc(24), Failed(EINVAL), "H6"},
      {"malloc(0) may be NULL", Malloc(0), Failed(kSentinel), ""},
      {"an absurd size fails", Malloc(kHuge), Failed(ENOMEM), ""},
      {"an absurd size succeeds", Malloc(kHuge), Returned(0x1000, 32), "H8"},
      {"PTRDIFF_MAX + 1 is absurd", Malloc(1ull << 63), Returned(0x1000, 32), "H8"},
      {"a product that wraps", {.entry = Entry::kCalloc, .size = 16, .count = 1ull << 60}, Returned(0x1000, 16), "H8"},
      {"pvalloc rounds beyond the limit", {.entry = Entry::kPvalloc, .size = kHuge}, Returned(0x1000, 4096), "H8"},
      {"pvalloc owes whole pages", {.entry = Entry::kPvalloc, .size = 1}, Returned(0x1000, 4095), "H3"},
      {"valloc is page-aligned", {.entry = Entry::kValloc, .size = 1}, Returned(0x1800, 1), "H2"},
      {"memalign keeps its alignment", Aligned(Entry::kMemalign, 256, 256), Returned(0x1180, 256), "H2"},
      {"memalign may round an alignment up", Aligned(Entry::kMemalign, 24, 8), Returned(0x1000, 8), ""},
      {"or refuse it", Aligned(Entry::kMemalign, 24, 8), Failed(EINVAL), ""},
      {"posix_memalign must refuse it", Aligned(Entry::kPosixMemalign, 24, 8), Returned(0x1000, 8), "H8"},
      {"and says so", Aligned(Entry::kPosixMemalign, 24, 8), Failed(kSentinel, EINVAL), ""},
      {"by its result, not ENOMEM", Aligned(Entry::kPosixMemalign, 24, 8), Failed(kSentinel, ENOMEM), "H6"},
      {"below a pointer's size is invalid", Aligned(Entry::kPosixMemalign, 4, 8), Returned(0x1000, 8), "H8"},
      {"ENOMEM for a good alignment", Aligned(Entry::kPosixMemalign, 64, 8), Failed(kSentinel, EINVAL), "H6"},
      {"free may not touch errno", {.entry = Entry::kFree}, Failed(EINVAL), "H6"},
      {"free of NULL", {.entry = Entry::kFree}, Returned(0), ""},
      {"operator delete may", {.entry = Entry::kDelete}, Failed(EINVAL), ""},
      {"operator new says nothing by errno", {.entry = Entry::kNewNothrow, .size = 24}, Failed(kSentinel), ""},
      {"an operator new of no bytes returns a pointer", {.entry = Entry::kNewNothrow}, RefusedNothing(), "H14"},
      {"16 bytes of it need 16", {.entry = Entry::kNewArray, .size = 16}, Returned(0x1008, 16), "H2"},
      {"with an alignment, that", Aligned(Entry::kNewAligned, 64, 8), Returned(0x1020, 8), "H2"},
      {"which need not be more", Aligned(Entry::kNewAligned, 8, 64), Returned(0x1008, 64), ""},
      {"and is a power of two", Aligned(Entry::kNewArrayAlignedNothrow, 33, 8), Returned(0x1020, 8), "H2"},
      {"an absurd operator new", {.entry = Entry::kNewNothrow, .size = kHuge}, Returned(0x1000, 32), "H8"},
      {"usable size of NULL is 0", {.entry = Entry::kUsableSize}, Returned(0, 8), "H3"},
  };
  for (const Row& row : kRows) {
    HeapModel heap;
    EXPECT_EQ(Rules(heap.Apply(row.call, row.response)), row.broken) << row.what;
  }
}

// One live block [0x1000, 0x1040), 0x50 of it usable; then another is returned.
TEST(HeapModelTest, Overlap) {
  const struct {
    const char* what;
    std::uint64_t address, size, usable;
    const char* broken;
  } kRows[] = {
      {"the same address", 0x1000, 64, 64, "H1"},
      {"inside", 0x1010, 16, 16, "H1"},
      {"its end overlaps", 0x0fe0, 48, 48, "H1"},
      {"around", 0x0f00, 1024, 1024, "H1"},
      {"ends where the other begins", 0x0fc0, 64, 64, ""},
      {"begins where usable ends", 0x1050, 16, 16, ""},
      {"begins in the other's slack", 0x1040, 16, 16, "H3"},
      {"its slack reaches the other", 0x0fe0, 16, 48, "H3"},
      {"size 0 at a live address", 0x1000, 0, 16, "H1"},
  };
  for (const auto& row : kRows) {
    HeapModel heap;
    ASSERT_EQ(Rules(heap.Apply(Malloc(64), Returned(0x1000, 80))), "");
    EXPECT_EQ(Rules(heap.Apply(Malloc(row.size), Returned(row.address, row.usable))), row.broken) << row.what;
  }
}

TEST(HeapModelTest, BlocksEndAndTheirMemoryIsFreeAgain) {
  HeapModel heap;
  heap.Apply(Malloc(64), Returned(0x1000, 64));
  EXPECT_EQ(heap.live_bytes(), 64u);
  heap.Apply({.entry = Entry::kFree, .address = 0x1000}, Returned(0));
  EXPECT_EQ(heap.live_bytes(), 0u);
  EXPECT_EQ(Rules(heap.Apply(Malloc(64), Returned(0x1010, 64))), "");
  // realloc may return memory that overlaps its own old block.
  const HeapCall grow = {.entry = Entry::kRealloc, .size = 128, .address = 0x1010};
  EXPECT_EQ(Rules(heap.Apply(grow, Returned(0x1000, 128))), "");
  EXPECT_EQ(heap.blocks().size(), 1u);
}

TEST(HeapModelTest, AFailedReallocKeepsTheBlockAndSizeZeroEndsIt) {
  HeapModel heap;
  heap.Apply(Malloc(64), Returned(0x1000, 64));
  EXPECT_EQ(Rules(heap.Apply({.entry = Entry::kRealloc, .size = 1 << 20, .address = 0x1000}, Failed(ENOMEM))), "");
  EXPECT_EQ(Rules(heap.Apply(Malloc(8), Returned(0x1000, 8))), "H1");
  HeapModel other;
  other.Apply(Malloc(64), Returned(0x1000, 64));
  other.Apply({.entry = Entry::kRealloc, .size = 0, .address = 0x1000}, Failed(kSentinel));
  EXPECT_EQ(Rules(other.Apply(Malloc(8), Returned(0x1000, 8))), "");
}

TEST(HeapModelTest, UsableSizeIsStable) {
  HeapModel heap;
  heap.Apply(Malloc(64), Returned(0x1000, 72));
  const HeapCall ask = {.entry = Entry::kUsableSize, .address = 0x1000};
  EXPECT_EQ(Rules(heap.Apply(ask, Returned(0, 72))), "");
  EXPECT_EQ(Rules(heap.Apply(ask, Returned(0, 64))), "H3");
}

TEST(HeapModelTest, ErrnoChangedBySuccessIsARemarkOnly) {
  HeapModel heap;
  HeapResponse response = Returned(0x1000, 64);
  response.errno_after = ENOMEM;
  EXPECT_EQ(Rules(heap.Apply(Malloc(64), response)), "");
  EXPECT_EQ(heap.errno_remarks()[static_cast<std::size_t>(Entry::kMalloc)], 1u);
}

}  // namespace
}  // namespace breakproof::model
