// The simulated kernel: real pages do what the model decided; refusals, foreign moves and obstacles on demand.
#include "harness/kernel/simulated/simulated_kernel.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include "harness/kernel/differential/generator.h"
#include "harness/kernel/real/cpu_probe.h"
#include "harness/kernel/real/protocol.h"
#include "harness/support/poison.h"

namespace breakproof::harness {
namespace {

using model::kPage;
using model::Word;

constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kPrivateAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
void* const kFailed = reinterpret_cast<void*>(-1);

class Simulated : public testing::Test {
 protected:
  void SetUp() override { InstallProbeHandler(); }
  char* Sbrk(std::intptr_t increment) { return static_cast<char*>(table_.sbrk(table_.context, increment)); }
  char* Mmap(std::size_t length) {
    return static_cast<char*>(table_.mmap(table_.context, nullptr, length, kReadWrite, kPrivateAnonymous, -1, 0));
  }
  int Munmap(void* address, std::size_t length) { return table_.munmap(table_.context, address, length); }
  static int Load(const char* address) { return ProbeLoad(reinterpret_cast<Word>(address)); }
  static Word Number(const void* address) { return reinterpret_cast<Word>(address); }

  SimulatedKernel kernel_{{.window_size = Word{1} << 30}};
  KernelTable table_ = kernel_.table();
};

TEST_F(Simulated, BreakGivesZeroPagesAndTakesThemBack) {
  char* heap = Sbrk(3 * kPage);
  ASSERT_NE(heap, kFailed);
  EXPECT_EQ(Load(heap + 3 * kPage - 1), 0);
  EXPECT_EQ(Load(heap + 3 * kPage), model::kFaultForbidden);  // reserved, not mapped
  std::memset(heap, 7, 3 * kPage);
  EXPECT_EQ(Sbrk(-static_cast<std::intptr_t>(kPage) - 100), heap + 3 * kPage);
  EXPECT_EQ(Load(heap + 2 * kPage), model::kFaultForbidden);
  EXPECT_EQ(Load(heap + 2 * kPage - 1), 7);  // B21: above the break, inside its page
  Sbrk(kPage + 100);
  EXPECT_EQ(Load(heap + 2 * kPage - 50), 7);
  EXPECT_EQ(Load(heap + 2 * kPage), 0);  // B22
}

TEST_F(Simulated, MappingsAreIndependentAndVanish) {
  char* a = Mmap(2 * kPage);
  char* b = Mmap(kPage);
  a[0] = 1;
  b[0] = 2;
  EXPECT_EQ(Munmap(a, 2 * kPage), 0);
  EXPECT_EQ(Load(a), model::kFaultForbidden);
  EXPECT_EQ(Load(b), 2);
}

// Who runs over the end of a mapping meets the next one, unless the kernel keeps them apart.
TEST_F(Simulated, MappingsAreKeptApartOnDemand) {
  char* above = Mmap(kPage);
  char* below = Mmap(2 * kPage);
  ASSERT_EQ(below + 2 * kPage, above);
  EXPECT_EQ(Load(below + 2 * kPage), 0);

  SimulatedKernel apart({.window_size = Word{1} << 30, .guards_mappings = true});
  table_ = apart.table();
  above = Mmap(kPage);
  below = Mmap(2 * kPage);
  ASSERT_EQ(below + 3 * kPage, above);
  EXPECT_EQ(Load(below + 2 * kPage), model::kFaultForbidden);
  EXPECT_EQ(Load(below - 1), model::kFaultForbidden);
  EXPECT_EQ(Load(above + kPage), model::kFaultForbidden);
  // A hole that a mapping would fill to the last page is left alone.
  EXPECT_EQ(Munmap(above, kPage), 0);
  EXPECT_EQ(Mmap(2 * kPage), below - 3 * kPage);
  EXPECT_EQ(Mmap(kPage), above);
}

TEST_F(Simulated, WhatGrowsIsKeptApart) {
  SimulatedKernel apart({.window_size = Word{1} << 30, .guards_mappings = true});
  table_ = apart.table();
  const auto grow = [&](char* map, Word from, Word to) {
    return static_cast<char*>(table_.mremap(table_.context, map, from, to, MREMAP_MAYMOVE, nullptr));
  };
  char* above = Mmap(8 * kPage);
  char* below = Mmap(kPage);
  below[0] = 3;
  char* moved = grow(below, kPage, 2 * kPage);  // in place it would touch the one above
  EXPECT_EQ(moved, below - 3 * kPage);
  EXPECT_EQ(Load(moved), 3);
  EXPECT_EQ(Load(moved + 2 * kPage), model::kFaultForbidden);
  EXPECT_EQ(Munmap(above, 8 * kPage), 0);
  EXPECT_EQ(grow(moved, 2 * kPage, 5 * kPage), moved);  // there is room
  EXPECT_EQ(Load(moved + 5 * kPage), model::kFaultForbidden);
}

// As for the model, apart is a wish: where nothing else is left, mappings touch.
TEST_F(Simulated, KeptApartOnlyWhileThereIsRoom) {
  SimulatedKernel apart({.window_size = 8 * kPage, .guards_mappings = true});
  table_ = apart.table();
  EXPECT_NE(Mmap(4 * kPage), kFailed);
  EXPECT_NE(Mmap(kPage), kFailed);
  EXPECT_NE(Mmap(kPage), kFailed);
}

TEST_F(Simulated, MremapMovesContents) {
  char* a = Mmap(kPage);
  char* above = Mmap(kPage);  // placed below a, so that neither can grow
  above[5] = 9;
  auto* moved = static_cast<char*>(table_.mremap(table_.context, above, kPage, 3 * kPage, MREMAP_MAYMOVE, nullptr));
  ASSERT_NE(moved, kFailed);
  EXPECT_NE(moved, above);
  EXPECT_EQ(Load(moved + 5), 9);
  EXPECT_EQ(Load(moved + 2 * kPage), 0);
  EXPECT_EQ(Load(above), model::kFaultForbidden);
  EXPECT_EQ(Load(a), 0);
}

TEST_F(Simulated, RefusesTheNthCallOfAType) {
  kernel_.Refuse({CallType::kMmap, 2, false});
  kernel_.Refuse({CallType::kBreak, 1, true});
  EXPECT_NE(Mmap(kPage), kFailed);
  errno = 0;
  EXPECT_EQ(Mmap(kPage), kFailed);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_NE(Mmap(kPage), kFailed);
  EXPECT_EQ(Sbrk(kPage), kFailed);
  EXPECT_EQ(Sbrk(kPage), kFailed);
  EXPECT_NE(Sbrk(0), kFailed);  // a query can not be refused
  EXPECT_EQ(kernel_.refusals().Count(CallType::kMmap), 3u);
  EXPECT_TRUE(kernel_.log()[1].refused);
}

TEST_F(Simulated, RefusesAnyTypeFromACallOnwards) {
  kernel_.Refuse({.call = 2, .onwards = true, .any_type = true});
  char* a = Mmap(kPage);
  a[0] = 3;
  EXPECT_EQ(Munmap(a, kPage), -1);
  EXPECT_EQ(table_.madvise(table_.context, a, kPage, MADV_DONTNEED), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(table_.mprotect(table_.context, a, kPage, PROT_NONE), -1);
  EXPECT_EQ(Load(a), 3);
}

TEST_F(Simulated, ForeignMovesInterleave) {
  char* first = Sbrk(kPage);
  auto* foreign = static_cast<char*>(kernel_.ForeignSbrk(100));
  char* second = Sbrk(kPage);
  EXPECT_EQ(foreign, first + kPage);
  EXPECT_EQ(second, first + kPage + 100);
  EXPECT_TRUE(kernel_.IsGranted(Number(first), kPage));
  EXPECT_FALSE(kernel_.IsGranted(Number(foreign), 100));
  EXPECT_TRUE(kernel_.IsGranted(Number(second), kPage));
  EXPECT_FALSE(kernel_.IsGranted(Number(second), kPage + 1));  // beyond the break
  EXPECT_TRUE(kernel_.log()[1].foreign);
  EXPECT_EQ(kernel_.refusals().Count(CallType::kBreak), 2u);
  kernel_.ForeignSbrk(-static_cast<std::intptr_t>(2 * kPage));
  Sbrk(2 * kPage);
  EXPECT_TRUE(kernel_.IsGranted(Number(foreign), 100));  // the subject's now
}

// The break that never moved lies one page behind the window's start, where a mapping may be.
TEST_F(Simulated, AMappingMayGoPastTheBreak) {
  char* whole = Mmap(Word{1} << 30);
  ASSERT_NE(whole, kFailed);
  EXPECT_TRUE(kernel_.IsGranted(Number(whole), Word{1} << 30));
  EXPECT_EQ(Munmap(whole, Word{1} << 30), 0);
  char* heap = Sbrk(100);
  EXPECT_TRUE(kernel_.IsGranted(Number(heap), 100));
  EXPECT_FALSE(kernel_.IsGranted(Number(heap), 101));
  EXPECT_FALSE(kernel_.IsGranted(Number(heap) + 200, 8));  // accessible, but nobody's
}

TEST_F(Simulated, ABlockedBreakStopsThere) {
  ASSERT_TRUE(kernel_.BlockBreak(4 * kPage));
  EXPECT_NE(Sbrk(4 * kPage), kFailed);
  EXPECT_EQ(Sbrk(1), kFailed);
  EXPECT_NE(Mmap(kPage), kFailed);
}

TEST_F(Simulated, GrowthCanBeMadeNonContiguous) {
  kernel_.SetGapBeforeGrowth(2 * kPage);
  char* first = Sbrk(kPage);
  char* second = Sbrk(kPage);
  EXPECT_EQ(second, first + 3 * kPage);
}

TEST_F(Simulated, OvercommitIsAnInput) {  // L9 L10
  kernel_.SetLargestCharge(Word{1} << 20);
  EXPECT_EQ(Mmap((1 << 20) + kPage), kFailed);
  EXPECT_NE(Mmap(1 << 20), kFailed);
  EXPECT_NE(table_.mmap(table_.context, nullptr, 2 << 20, PROT_NONE, kPrivateAnonymous, -1, 0), kFailed);
  EXPECT_EQ(Sbrk((1 << 20) + kPage), kFailed);
}

TEST_F(Simulated, CallsOutsideTheWindowAreStoppedAndLogged) {
  alignas(kPage) static char own[kPage];
  void* mapped = table_.mmap(table_.context, own, kPage, kReadWrite, kPrivateAnonymous | MAP_FIXED, -1, 0);
  EXPECT_EQ(mapped, kFailed);
  EXPECT_TRUE(kernel_.log().back().outside);
  own[0] = 1;
  Munmap(own, kPage);
  EXPECT_TRUE(kernel_.log().back().outside);
  EXPECT_EQ(own[0], 1);
}

TEST_F(Simulated, SuccessLeavesErrnoAlone) {
  errno = 77;
  Munmap(Mmap(kPage), kPage);
  Sbrk(kPage);
  EXPECT_EQ(errno, 77);
}

TEST_F(Simulated, ResetForgetsEverything) {
  char* heap = Sbrk(kPage);
  char* mapping = Mmap(kPage);
  heap[0] = mapping[0] = 1;
  kernel_.Refuse({CallType::kMmap, 1, true});
  kernel_.Reset();
  EXPECT_TRUE(kernel_.log().empty());
  EXPECT_EQ(Load(mapping), model::kFaultForbidden);
  EXPECT_EQ(Sbrk(kPage), heap);
  EXPECT_EQ(Load(heap), 0);
  EXPECT_EQ(Mmap(kPage), mapping);
  EXPECT_EQ(Load(mapping), 0);
}

// However long a range is, and wherever: pages that are kept are zeroed.
TEST_F(Simulated, MemoryThatWasUsedComesBackAsZeroes) {
  for (const Word pages : {3, 65, 300, 1500, 5000}) {
    const auto length = static_cast<std::intptr_t>(pages * kPage);
    const auto expect_zero = [&](const char* start, const char* when) {
      const auto begin = start, end = start + length;
      EXPECT_EQ(std::find_if(begin, end, [](char byte) { return byte != 0; }), end) << when << ", pages: " << pages;
    };
    char* const heap = Sbrk(length);
    char* const map = Mmap(pages * kPage);
    for (char* const start : {heap, map}) {
      std::memset(start, 7, pages * kPage);
      EXPECT_EQ(table_.madvise(table_.context, start, pages * kPage, MADV_DONTNEED), 0);
      expect_zero(start, "discarded");
      std::memset(start, 7, pages * kPage);
    }
    Munmap(map, pages * kPage);
    Sbrk(-length);
    expect_zero(Sbrk(length), "bought again");
    expect_zero(Mmap(pages * kPage), "mapped again");
    std::memset(heap, 7, pages * kPage);
    kernel_.Reset();
    expect_zero(Sbrk(length), "after a reset");
    kernel_.Reset();
  }
}

TEST_F(Simulated, WhatNobodyLooksAtMayBeKeptUntilTheReset) {
  char* const heap = Sbrk(kPage);
  heap[0] = 7;
  kernel_.KeepDiscarded();
  EXPECT_EQ(table_.madvise(table_.context, heap, kPage, MADV_DONTNEED), 0);
  kernel_.Reset();
  EXPECT_EQ(Load(heap), model::kFaultForbidden);
  EXPECT_EQ(Load(Sbrk(kPage)), 0);
  heap[0] = 7;
  EXPECT_EQ(table_.madvise(table_.context, heap, kPage, MADV_DONTNEED), 0);
  EXPECT_EQ(Load(heap), 0) << "a reset ends it";
}

// Random calls on the lowest pages of the window: after each, every page is readable and writable exactly if
// the model of contents says so, and shows the same bytes.
class RealPagesOf : public Simulated, public testing::WithParamInterface<Unmapped> {
 protected:
  // By code that a sanitizer of the build has instrumented.
  static bool MayLoad(Word at) { return !IsPoisoned(reinterpret_cast<const void*>(at)) && ProbeLoad(at) >= 0; }
};

INSTANTIATE_TEST_SUITE_P(UnmappedIs, RealPagesOf, testing::Values(Unmapped::kForbidden, Unmapped::kHidden),
                         [](const auto& of) { return of.param == Unmapped::kForbidden ? "Forbidden" : "Hidden"; });

TEST_P(RealPagesOf, ObeyTheModel) {
  RealPages pages(kernel_.window().end + kPage, kWindowPages * kPage, GetParam());
  model::Machine machine;
  machine.window = pages.range();
  machine.known_advice = 0xffff1f;
  machine.lowest_break = machine.window.start + kBreakPage * kPage;
  std::mt19937_64 random(3);
  for (int round = 0; round < 1500; ++round) {
    model::Kernel kernel(machine);
    pages.Reset();
    for (int i = 0; i < 24; ++i) {
      CallBlock block;
      for (std::uint8_t& byte : block) byte = static_cast<std::uint8_t>(random());
      const model::Call call = DecodeCall(block, machine);
      if (!StaysInside(machine, call) || call.kind == model::CallKind::kPwrite ||
          call.kind == model::CallKind::kTruncate)
        continue;
      model::TopDownChooser chooser;
      const model::Result result = kernel.Perform(call, chooser);
      pages.Carry(kernel.state(), kernel.effects(), OfferedPages::kDropped);
      if (call.kind == model::CallKind::kStore && result.error == 0)
        ProbeStore(call.address, static_cast<std::uint8_t>(call.value));
      for (Word at = machine.window.start; at < machine.window.end; at += kPage) {
        const bool readable = model::Contents::MayLoad(kernel.state(), at) == model::Access::kOk;
        ASSERT_EQ(MayLoad(at), readable) << "round " << round << " call " << i;
        if (!readable) continue;
        const model::Page* page = kernel.contents().Find(kernel.state(), at);
        const model::Bytes zero{};
        const model::Bytes& bytes = page == nullptr ? zero : page->alternative ? *page->alternative : page->bytes;
        ASSERT_EQ(std::memcmp(reinterpret_cast<void*>(at), bytes.data(), kPage), 0)
            << "round " << round << " call " << i;
      }
    }
  }
}

}  // namespace
}  // namespace breakproof::harness
