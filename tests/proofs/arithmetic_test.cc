// The arithmetic with machine integers: tables of boundaries, exhaustion where it is cheap, and the
// theorems themselves run on boundary values and random ones, which checks std::uint64_t's policy
// against the solver's.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "allocator/arithmetic/alignment.h"
#include "allocator/arithmetic/checked.h"
#include "allocator/arithmetic/class_table.h"
#include "allocator/arithmetic/growth.h"
#include "allocator/arithmetic/mapping.h"
#include "allocator/arithmetic/page_map_index.h"
#include "allocator/arithmetic/size_class.h"
#include "allocator/arithmetic/slab.h"
#include "allocator/arithmetic/threshold.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Claims;
using proofs::Theorem;
using proofs::TheoremsAbout;
using Word = std::uint64_t;

constexpr Word kMax = UINT64_MAX;
constexpr Word KiB(Word n) { return n << 10; }
constexpr Word MiB(Word n) { return n << 20; }

TEST(Alignment, HighestBitOfEveryPower) {
  for (Word bit = 0; bit < 64; ++bit) {
    const Word power = Word{1} << bit;
    EXPECT_EQ(HighestBit<Word>(power), bit);
    EXPECT_EQ(HighestBit<Word>(power | (power - 1)), bit);
  }
}

TEST(Alignment, EffectiveAlignmentTable) {
  const struct {
    Word requested, effective;
  } kTable[] = {{0, 16},
                {1, 16},
                {15, 16},
                {16, 16},
                {17, 32},
                {24, 32},
                {32, 32},
                {4095, 4096},
                {4097, KiB(8)},
                {kMaxAlignment - 1, kMaxAlignment},
                {kMaxAlignment, kMaxAlignment}};
  for (const auto& row : kTable)
    EXPECT_EQ(EffectiveAlignment<Word>(row.requested), row.effective) << row.requested;
}

TEST(Alignment, AlignTable) {
  const struct {
    Word x, alignment, down, up;
  } kTable[] = {{0, 16, 0, 0},
                {1, 16, 0, 16},
                {15, 16, 0, 16},
                {16, 16, 16, 16},
                {17, 16, 16, 32},
                {4097, 4096, 4096, KiB(8)},
                {kMax - 4095, 4096, kMax - 4095, kMax - 4095},
                {7, 1, 7, 7}};
  for (const auto& row : kTable) {
    EXPECT_EQ(AlignDown<Word>(row.x, row.alignment), row.down) << row.x;
    EXPECT_EQ(AlignUp<Word>(row.x, row.alignment), row.up) << row.x;
  }
}

TEST(Checked, PageRoundTable) {
  const struct {
    Word bytes, rounded;
    bool overflow;
  } kTable[] = {{0, 0, false},
                {1, 4096, false},
                {4096, 4096, false},
                {4097, KiB(8), false},
                {kMax, 0, true},
                {kMax - 4094, 0, true},
                {kMax - 4095, kMax - 4095, false}};
  for (const auto& row : kTable) {
    const Checked<Word> result = CheckedPageRound<Word>(row.bytes);
    EXPECT_EQ(result.overflow, row.overflow) << row.bytes;
    if (!row.overflow) EXPECT_EQ(result.value, row.rounded) << row.bytes;
  }
}

TEST(Checked, MultiplyAgreesWithTheCompiler) {
  const auto agrees = [](Word x, Word y) {
    Word expected = 0;
    const bool overflow = __builtin_mul_overflow(x, y, &expected);
    const Checked<Word> result = CheckedMultiply(x, y);
    return result.overflow == overflow && result.value == expected;
  };
  EXPECT_TRUE(agrees(0, kMax));
  EXPECT_TRUE(agrees(1, kMax));
  EXPECT_TRUE(agrees(2, kMax / 2));
  EXPECT_TRUE(agrees(2, kMax / 2 + 1));
  EXPECT_TRUE(agrees(Word{1} << 32, Word{1} << 32));
  EXPECT_TRUE(agrees((Word{1} << 32) - 1, (Word{1} << 32) + 1));
  EXPECT_TRUE(rc::check("any factors", [&](Word x, Word y) { RC_ASSERT(agrees(x, y)); }));
}

TEST(SizeClass, BoundaryTable) {
  const struct {
    Word size, size_class, block;
  } kTable[] = {{0, 0, 16},
                {1, 0, 16},
                {16, 0, 16},
                {17, 1, 32},
                {112, 6, 112},
                {113, 7, 128},
                {128, 7, 128},
                {129, 8, 144},
                {144, 8, 144},
                {145, 9, 160},
                {256, 15, 256},
                {257, 16, 288},
                {1024, 31, 1024},
                {1025, 32, 1152},
                {4096, 47, 4096},
                {KiB(30), 70, KiB(30)},
                {KiB(30) + 1, 71, KiB(32)},
                {KiB(32), 71, KiB(32)}};
  for (const auto& row : kTable) {
    EXPECT_EQ(FastSizeToClass(row.size), row.size_class) << row.size;
    EXPECT_EQ(SizeToClass<Word>(row.size), row.size_class) << row.size;
    EXPECT_EQ(kClassInfo.of[row.size_class].size, row.block) << row.size;
  }
  EXPECT_EQ(SizeToClass<Word>(KiB(32) + 1), kClassCount);
  EXPECT_GE(SizeToClass<Word>(kMax), kClassCount);
}

TEST(SizeClass, FastAgreesEverywhere) {
  std::size_t expected = 0;
  for (Word size = 0; size <= kMaxClassSize; ++size) {
    if (size > kClassSizes[expected]) ++expected;
    ASSERT_EQ(FastSizeToClass(size), expected) << size;
    ASSERT_EQ(SizeToClass<Word>(size), expected) << size;
  }
}

TEST(SizeClass, EveryAlignedRequest) {
  for (Word alignment = 1; alignment <= kPageSize; alignment *= 2) {
    for (Word size = 0; size <= kMaxClassSize; size += size < KiB(8) ? 1 : 61) {
      const Word block = kClassSizes[AlignedSizeToClass(size, alignment)];
      ASSERT_GE(block, size) << alignment;
      ASSERT_EQ(block % alignment, 0u) << size;
    }
  }
}

TEST(Slab, EveryOffsetOfEveryClass) {
  for (const ClassInfo& info : kClassInfo.of) {
    for (Word offset = 0; offset < info.pages * kPageSize; ++offset) {
      ASSERT_EQ(BlockIndex<Word>(offset, info.reciprocal), offset / info.size)
          << info.size << " at " << offset;
      ASSERT_EQ(IsBlockStart<Word>(offset, info.reciprocal), offset % info.size == 0)
          << info.size << " at " << offset;
    }
  }
}

TEST(Mapping, LengthTable) {
  const struct {
    Word size, alignment, length;
    bool overflow;
  } kTable[] = {{0, 16, 4096, false},
                {1, 16, 4096, false},
                {KiB(128), 16, KiB(128), false},
                {KiB(128) + 1, 4096, KiB(132), false},
                {KiB(128), KiB(8), KiB(132), false},
                {1, MiB(2), MiB(2), false},
                {kMaxRequest - 4095, 16, kMaxRequest - 4095, false},
                {kMaxRequest - 4094, 16, 0, true},
                {kMaxRequest - 4095, KiB(8), 0, true},
                {kMax, 16, 0, true},
                {kMax, kMaxAlignment, 0, true},
                {1, kMaxAlignment, 0, true}};
  for (const auto& row : kTable) {
    const Checked<Word> result = MappingLength(row.size, row.alignment);
    EXPECT_EQ(result.overflow, row.overflow) << row.size << " aligned to " << row.alignment;
    if (!row.overflow)
      EXPECT_EQ(result.value, row.length) << row.size << " aligned to " << row.alignment;
  }
}

TEST(Threshold, RisesStepByStep) {
  const struct {
    Word freed, mmap, trim;
  } kTable[] = {{KiB(124), KiB(128), KiB(128)},             // shorter than the threshold
                {KiB(128), KiB(256), KiB(512)},             // exactly as long
                {KiB(128), KiB(256), KiB(512)},             // now shorter
                {MiB(1), MiB(2), MiB(4)},
                {MiB(32), MiB(2), MiB(4)},                  // too long to count
                {kMax - 4095, MiB(2), MiB(4)},
                {MiB(16) + 4096, MiB(32), MiB(64)},         // no higher
                {MiB(32) - 4096, MiB(32), MiB(64)},
                {MiB(32), MiB(32), MiB(64)}};
  Threshold<Word> threshold = InitialThreshold<Word>();
  for (const auto& row : kTable) {
    threshold = AfterFreeOfMapping(threshold, row.freed);
    EXPECT_EQ(threshold.mmap, row.mmap) << row.freed;
    EXPECT_EQ(threshold.trim, row.trim) << row.freed;
  }
}

TEST(Threshold, MalloptPins) {
  const Threshold<Word> pinned = WithTrimThreshold<Word>(InitialThreshold<Word>(), MiB(1));
  const Threshold<Word> after = AfterFreeOfMapping<Word>(pinned, MiB(4));
  EXPECT_EQ(after.mmap, KiB(128));
  EXPECT_EQ(after.trim, MiB(1));
}

TEST(Growth, Table) {
  const struct {
    Word need, top_free, top_pad, growth;
    bool overflow;
  } kTable[] = {{4096, 0, kDefaultTopPad, KiB(132), false},
                {4096, 4096, kDefaultTopPad, 0, false},
                {KiB(8), 4096, kDefaultTopPad, KiB(132), false},
                {1, 0, 0, 4096, false},
                {1, 0, 1, 4096, false},
                {kMaxRequest - 4095, 0, 0, kMaxRequest - 4095, false},
                {kMaxRequest - 4095, 0, 1, 0, true},
                {kMax, kMax - 1, 0, 4096, false},
                {kMax, 0, kMax, 0, true}};
  for (const auto& row : kTable) {
    const Checked<Word> result = BreakGrowth(row.need, row.top_free, row.top_pad);
    EXPECT_EQ(result.overflow, row.overflow) << row.need;
    if (!row.overflow) EXPECT_EQ(result.value, row.growth) << row.need;
  }
}

TEST(Growth, TrimTable) {
  const struct {
    Word top_free, trim_threshold, top_pad, amount;
  } kTable[] = {{KiB(128) - 1, KiB(128), 0, 0},
                {KiB(128), KiB(128), 0, KiB(128)},
                {KiB(128), KiB(128), KiB(128), 0},
                {KiB(132) - 1, KiB(128), KiB(128), 0},
                {KiB(132), KiB(128), KiB(128), 4096},
                {kMax, 0, 0, kMax - 4095},
                {0, 0, 0, 0},
                {MiB(1), 0, kMax, 0}};
  for (const auto& row : kTable) {
    EXPECT_EQ(TrimAmount(row.top_free, row.trim_threshold, row.top_pad), row.amount)
        << row.top_free;
  }
}

TEST(PageMapIndex, Table) {
  const struct {
    Word address, root, leaf;
  } kTable[] = {{0, 0, 0},
                {4095, 0, 0},
                {4096, 0, 1},
                {(Word{1} << 30) - 1, 0, kLeafSlots - 1},
                {Word{1} << 30, 1, 0},
                {(Word{1} << 48) - 1, kRootSlots - 1, kLeafSlots - 1}};
  for (const auto& row : kTable) {
    EXPECT_TRUE(IsMappable(row.address));
    EXPECT_EQ(RootIndex(row.address), row.root) << row.address;
    EXPECT_EQ(LeafIndex(row.address), row.leaf) << row.address;
  }
  EXPECT_FALSE(IsMappable<Word>(Word{1} << 48));
  EXPECT_FALSE(IsMappable(kMax));
}

// The list in README.md is checked, as nobody reads a list for what it lacks.
TEST(Readme, ListsEveryTheorem) {
  std::ifstream file("tests/proofs/README.md");
  std::stringstream readme;
  readme << file.rdbuf();
  for (const Theorem& theorem : TheoremsAbout("")) {
    const std::string row = "| " + theorem.id + " | " + theorem.statement + " |\n";
    EXPECT_NE(readme.str().find(row), std::string::npos) << "README.md lacks the row\n" << row;
  }
}

// Numbers around every power of two and every class size.
std::vector<Word> Boundaries() {
  std::vector<Word> result;
  const auto add_around = [&](Word x) {
    for (const Word y : {x - 1, x, x + 1}) result.push_back(y);
  };
  for (Word bit = 0; bit < 64; ++bit) {
    add_around(Word{1} << bit);
    result.push_back(bit);
    result.push_back(Word{0} - (Word{1} << bit));
  }
  for (const Word size : kClassSizes) add_around(size);
  for (const Word bytes : {MiB(32) - 4096, kMaxRequest - 4095, Word{128} << 10}) add_around(bytes);
  return result;
}

// Runs a theorem for values that `choose` gives. Returns whether its assumptions hold; fails where
// a claim does not.
template <typename Choose>
bool HoldsOnMachine(const Theorem& theorem, Choose choose) {
  std::string inputs;
  Claims<Word> check([&](const std::string& name) {
    const Word value = choose();
    inputs += name + " = " + std::to_string(value) + " ";
    return value;
  });
  try {
    theorem.on_machine(check);
  } catch (const Claims<Word>::AssumptionFails&) {
    return false;
  }
  EXPECT_TRUE(check.failed.empty())
      << theorem.id << " \"" << check.failed.front() << "\" fails for " << inputs;
  return true;
}

TEST(TheoremsOnTheMachine, HoldAtBoundaries) {
  constexpr int kMaxRuns = 300'000;
  constexpr int kEnough = 5'000;
  const std::vector<Word> boundaries = Boundaries();
  for (const Theorem& theorem : TheoremsAbout("")) {
    // A fixed walk through tuples of boundaries; the multiplier and increment are Knuth's.
    Word state = 1;
    const auto choose = [&] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return boundaries[(state >> 33) % boundaries.size()];
    };
    int relevant = 0;
    for (int run = 0; run < kMaxRuns && relevant < kEnough && !testing::Test::HasFailure(); ++run) {
      if (HoldsOnMachine(theorem, choose)) ++relevant;
    }
    EXPECT_GT(relevant, 0) << theorem.id << " was never put to the test";
    std::printf("%s held at %d tuples of boundaries.\n", theorem.id.c_str(), relevant);
  }
}

TEST(TheoremsOnTheMachine, HoldForRandomValues) {
  for (const Theorem& theorem : TheoremsAbout("")) {
    EXPECT_TRUE(rc::check(theorem.id, [&] {
      // Any width: values of 64 bits that are spread over magnitudes.
      HoldsOnMachine(theorem,
                     [] { return *rc::gen::arbitrary<Word>() >> *rc::gen::inRange(0, 64); });
      RC_ASSERT(!testing::Test::HasFailure());
    })) << theorem.id;
  }
}

}  // namespace
}  // namespace breakproof::arithmetic
