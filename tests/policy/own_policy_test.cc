// The production allocator's policy: each row is one operation, the kernel calls made in it, and how each is
// judged. The same rows must not pass under wrong numbers.
#include "model/policy/own/policy.h"

#include <gtest/gtest.h>

namespace breakproof::model::own {
namespace {

using Kind = KernelCallKind;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kDue = 128 * kKiB + kPage;  // free below the break: a page is to be trimmed
constexpr std::uint64_t kBreak = 0x10000000;
constexpr std::uint64_t kMap = 0x7e0000000000;

struct Seen {
  KernelCall call;
  std::string judged;  // "required K1"
  bool is_granted = true;
  std::uint64_t result = kMap;
};

struct Row {
  const char* why;
  HeapCall call;
  std::vector<Seen> seen;
  std::uint64_t returned = 0;
  std::string missing = {};  // clause of the required call that did not come
  bool serves = true;   // the books: something free serves
  std::uint64_t top_free = 0;
  std::uint64_t top_free_after = 0;
};

KernelCall Mmap(std::uint64_t length) { return {.kind = Kind::kMmap, .length = length, .detail = MmapDetail(3, 0x22)}; }
KernelCall Munmap(std::uint64_t length) { return {.kind = Kind::kMunmap, .address = kMap, .length = length}; }
KernelCall Mremap(std::uint64_t from, std::uint64_t to) {
  return {.kind = Kind::kMremap, .address = kMap, .length = from, .new_length = to, .detail = 1};
}
KernelCall Brk(std::uint64_t by) { return {.kind = Kind::kBrk, .address = kBreak + by}; }
KernelCall Lower(std::uint64_t by) { return Brk(-by); }
KernelCall Purge(std::uint64_t at, std::uint64_t length) {
  return {.kind = Kind::kMadvise, .address = at, .length = length, .detail = 4};
}
HeapCall Malloc(std::uint64_t size) { return {.entry = Entry::kMalloc, .size = size}; }
HeapCall Free(std::uint64_t address = kMap) { return {.entry = Entry::kFree, .address = address}; }
HeapCall Realloc(std::uint64_t size) { return {.entry = Entry::kRealloc, .size = size, .address = kMap}; }
HeapCall Memalign(std::uint64_t alignment, std::uint64_t size) {
  return {.entry = Entry::kMemalign, .size = size, .alignment = alignment};
}
Row MapOf(std::uint64_t size, std::uint64_t length) {
  return {"mapped", Malloc(size), {{Mmap(length), "required K1"}}, kMap};
}
Row UnmapOf(std::uint64_t length) { return {"unmapped", Free(), {{Munmap(length), "required K2"}}}; }

// Returns what differs from the rows, empty if nothing does.
std::string Play(const std::vector<Row>& rows, Policy policy) {
  std::string differences;
  for (const Row& row : rows) {
    Books books{row.serves, kBreak, row.top_free, {{kBreak - 64 * kPage, 16 * kPage}}};
    policy.Begin(row.call);
    for (const Seen& seen : row.seen) {
      const Ruling ruling = policy.Judge(seen.call, seen.is_granted, seen.result, books);
      constexpr const char* kDuties[] = {"required ", "allowed ", "forbidden "};
      const std::string judged = kDuties[static_cast<int>(ruling.duty)] + std::string(NameOf(ruling.clause));
      if (judged != seen.judged) differences += std::string(row.why) + ": " + judged + ", not " + seen.judged + "\n";
    }
    books.top_free = row.top_free_after;
    const std::optional<Ruling> missing = policy.End(row.returned, books);
    const std::string clause = missing ? NameOf(missing->clause) : "";
    if (clause != row.missing) differences += std::string(row.why) + ": misses '" + clause + "'\n";
  }
  return differences;
}

const std::vector<std::vector<Row>> kStories = {
    {
        {"below the threshold nothing is mapped", Malloc(128 * kKiB - 1), {{Mmap(128 * kKiB), "forbidden K5"}}, 8},
        {"what is free serves without a call", Malloc(100), {}, 8},
        {"growth while free memory serves", Malloc(100), {{Brk(128 * kKiB), "forbidden K4"}}, 8},
        {"growth by less than the padding", Malloc(100), {{Brk(kPage), "forbidden K5"}}, 8, "", false},
        {"growth that leaves the page", Malloc(100), {{Brk(128 * kKiB + 8), "forbidden K5"}}, 8, "", false},
        {"wholesale growth", Malloc(100), {{Brk(192 * kKiB), "required K4"}}, 8, "", false},
        {"NULL without a try", Malloc(100), {}, 0, "K4", false},
        {"a mapping in the refused break's place", Malloc(100),
         {{Brk(192 * kKiB), "required K4", false}, {Mmap(kMiB), "allowed K5"}}, 8, "", false},
        {"less, once the break was refused", Malloc(100),
         {{Brk(192 * kKiB), "required K4", false}, {Brk(kPage), "required K4"}}, 8, "", false},
        {"protections are never changed", Malloc(100), {{{.kind = Kind::kMprotect}, "forbidden K8"}}, 8},
        {"absurd sizes need no call", Malloc(SIZE_MAX), {{Mmap(kPage), "forbidden K5"}}, 0},
    },
    {
        {"from the threshold on it is missed", Malloc(128 * kKiB), {}, kMap, "K1"},
        {"a wrong length", Malloc(128 * kKiB + 1), {{Mmap(128 * kKiB), "forbidden K1"}}, kMap, "K1"},
        MapOf(128 * kKiB, 128 * kKiB),
        {"free leaves it", Free(), {}, 0, "K2"},
        {"free unmaps less", Free(), {{Munmap(kPage), "forbidden K2"}}, 0, "K2"},
        UnmapOf(128 * kKiB),
        {"the same size is served from the heap now", Malloc(128 * kKiB), {}, 8},
        {"up to twice that", Malloc(256 * kKiB - 1), {}, 8},
        MapOf(256 * kKiB, 256 * kKiB),
        {"a foreign mapping", Free(0x5000), {{Munmap(256 * kKiB), "forbidden K2"}}},
    },
    {
        MapOf(32 * kMiB - kPage, 32 * kMiB - kPage),
        UnmapOf(32 * kMiB - kPage),
        {"adapted as far as it goes", Malloc(32 * kMiB - 1), {}, 8},
        {"trim threshold twice that", Free(8), {{Lower(64 * kMiB - 128 * kKiB - kPage), "forbidden K6"}},
         0, "", true, 64 * kMiB - 1},
        {"and from there", Free(8), {{Lower(64 * kMiB - 128 * kKiB), "required K6"}}, 0, "", true, 64 * kMiB, 128 * kKiB},
        {"raised again", Malloc(100), {{Brk(128 * kKiB), "required K4"}}, 8, "", false},
        {"no further than that", Free(8), {{Lower(64 * kMiB - 128 * kKiB), "required K6"}}, 0, "", true, 64 * kMiB, 128 * kKiB},
        MapOf(32 * kMiB, 32 * kMiB),
        UnmapOf(32 * kMiB),
        {"beyond the maximum nothing adapts", Malloc(32 * kMiB), {}, kMap, "K1"},
    },
    {
        {"a trim that is due", Free(8), {}, 0, "K6", true, 0, kDue},
        {"made", Free(8), {{Lower(kPage), "required K6"}}, 0, "", true, kDue, 128 * kKiB},
        {"too much of it", Free(8), {{Lower(2 * kPage), "forbidden K6"}}, 0, "", true, kDue, 128 * kKiB},
        {"raised again", Malloc(100), {{Brk(128 * kKiB), "required K4"}}, 8, "", false},
        {"given back in vain: twice as much may stay", Free(8), {{Lower(kPage), "forbidden K6"}}, 0, "", true, kDue, 128 * kKiB},
        {"until it is too much", Free(8), {{Lower(128 * kKiB), "required K6"}}, 0, "", true, 256 * kKiB, 128 * kKiB},
        {"not due", Free(8), {{Lower(kPage), "forbidden K6"}}, 0, "", true, 127 * kKiB, 127 * kKiB},
        {"refused", Free(8), {{Lower(2 * 128 * kKiB), "required K6", false}}, 0, "", true, 3 * 128 * kKiB, 3 * 128 * kKiB},
        {"free pages are purged", Free(8), {{Purge(kBreak - 64 * kPage, 16 * kPage), "allowed K7"}}},
        {"used ones are not", Free(8), {{Purge(kBreak - 64 * kPage, 17 * kPage), "forbidden K7"}}},
    },
    {
        MapOf(kMiB, kMiB),
        {"the same pages", Realloc(kMiB - 5), {}, kMap},
        {"growth by mremap", Realloc(2 * kMiB), {{Mremap(kMiB, 2 * kMiB), "required K3"}}, kMap},
        {"refused, and in its place", Realloc(4 * kMiB),
         {{Mremap(2 * kMiB, 4 * kMiB), "required K3", false},
          {Mmap(4 * kMiB), "allowed K1", true, 2 * kMap},
          {Munmap(2 * kMiB), "allowed K2"}},
         2 * kMap},
        {"realloc adapts nothing", Malloc(kMiB), {{Mmap(kMiB), "required K1", true, kMap}}, kMap},
        {"into the heap, and left behind", Realloc(100), {}, 8, "K2"},
        {"into the heap", Realloc(100), {{Munmap(kMiB), "allowed K2"}}, 8},
    },
    {
        {"room to align", Memalign(64 * kKiB, 128 * kKiB), {{Mmap(188 * kKiB), "required K1"}}, kMap},
        {"below the threshold alignment does not count", Memalign(64 * kKiB, 100 * kKiB), {}, 8},
        {"an impossible alignment", Memalign(1ull << 63, 128 * kKiB), {}, 0},
    },
};

TEST(OwnPolicyTest, EveryCallIsJudged) {
  for (const auto& story : kStories) EXPECT_EQ(Play(story, Policy()), "");
}

TEST(OwnPolicyTest, MalloptPins) {
  Policy policy;
  policy.Set(Option::kMmapThreshold, 64 * kKiB);
  EXPECT_EQ(Play({MapOf(64 * kKiB, 64 * kKiB), UnmapOf(64 * kKiB), MapOf(64 * kKiB, 64 * kKiB)}, policy), "");
  policy.Set(Option::kTopPad, 0);
  EXPECT_EQ(Play({{"growth by the need alone", Malloc(100), {{Brk(kPage), "required K4"}}, 8, "", false}}, policy), "");
}

TEST(OwnPolicyTest, MappingsAreLimited) {
  Policy policy;
  policy.Set(Option::kMmapMax, 1);
  const Row full = {"as many as may be", Malloc(128 * kKiB), {{Mmap(128 * kKiB), "forbidden K5"}}, 8};
  EXPECT_EQ(Play({MapOf(128 * kKiB, 128 * kKiB), full, UnmapOf(128 * kKiB), MapOf(128 * kKiB, 128 * kKiB)}, policy), "");
  policy.Set(Option::kMmapMax, 0);
  EXPECT_EQ(Play({full}, policy), "");
}

TEST(OwnPolicyTest, ParametersWithoutUseChangeNothing) {
  Policy policy;
  policy.Set(Option::kMaxFast, 64);
  EXPECT_FALSE(policy.thresholds().is_pinned);
}

TEST(OwnPolicyTest, WrongNumbersAreCaught) {
  const struct {
    const char* name;
    std::uint64_t Constants::* number;
    std::uint64_t wrong;
  } kMutants[] = {
      {"threshold a byte late", &Constants::mmap_threshold, 128 * kKiB + 1},
      {"trim a page late", &Constants::trim_threshold, 128 * kKiB + 2 * kPage},
      {"no padding", &Constants::top_pad, 0},
      {"adapts to the mapping, not above it", &Constants::adapted_factor, 1},
      {"adapts without bound", &Constants::max_adapted, 1ull << 40},
      {"trim threshold not doubled", &Constants::trim_factor, 1},
      {"trimmed in vain for ever", &Constants::regrowth_factor, 1},
      {"trim threshold raised without bound", &Constants::max_trim, 1ull << 40},
  };
  for (const auto& mutant : kMutants) {
    Constants constants;
    constants.*mutant.number = mutant.wrong;
    std::string differences;
    for (const auto& story : kStories) differences += Play(story, Policy(constants));
    EXPECT_NE(differences, "") << mutant.name;
  }
}

}  // namespace
}  // namespace breakproof::model::own
