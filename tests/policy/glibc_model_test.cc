// The model of glibc's policy against its rules, one row a rule: the calls it predicts on a kernel that grants
// everything but what it is told to refuse.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "model/policy/glibc/predictor.h"

namespace breakproof::model::glibc {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kBreak = 0x10000000;

// Writes every call down: "brk? brk+132K mmap 132K munmap 132K mremap 132K>264K".
class PaperKernel final : public Kernel {
 public:
  std::set<int> refused;  // indices of calls
  std::uint64_t program_break = kBreak;
  std::string seen;

  Answer Ask(const KernelCall& call, PolicyRule) override {
    const bool is_granted = !refused.contains(count_++);
    seen += (seen.empty() ? "" : " ") + Describe(call);
    if (call.kind == KernelCallKind::kBrk) {
      if (call.address != 0 && is_granted) program_break = call.address;
      return {true, program_break};
    }
    if (call.kind == KernelCallKind::kMmap) next_mapping_ += call.length;
    return {is_granted, call.kind == KernelCallKind::kMmap ? next_mapping_ - call.length : call.address};
  }

 private:
  static std::string Size(std::uint64_t bytes) {
    return bytes % kKiB == 0 ? std::to_string(bytes / kKiB) + "K" : std::to_string(bytes);
  }

  std::string Describe(const KernelCall& call) const {
    if (call.kind == KernelCallKind::kMremap) return "mremap " + Size(call.length) + ">" + Size(call.new_length);
    if (call.kind != KernelCallKind::kBrk) return std::string(NameOf(call.kind)) + " " + Size(call.length);
    if (call.address == 0) return "brk?";
    return call.address > program_break ? "brk+" + Size(call.address - program_break) : "brk-" + Size(program_break - call.address);
  }

  int count_ = 0;
  std::uint64_t next_mapping_ = 0x7e0000000000;
};

struct Script {
  PaperKernel kernel;
  Predictor predictor{kernel};

  std::uint64_t Malloc(std::uint64_t size) { return predictor.Perform({.entry = Entry::kMalloc, .size = size}); }
  std::uint64_t Memalign(std::uint64_t alignment, std::uint64_t size) {
    return predictor.Perform({.entry = Entry::kMemalign, .size = size, .alignment = alignment});
  }
  std::uint64_t Realloc(std::uint64_t block, std::uint64_t size) {
    return predictor.Perform({.entry = Entry::kRealloc, .size = size, .address = block});
  }
  void Free(std::uint64_t block) { predictor.Perform({.entry = Entry::kFree, .address = block}); }

  // What has been called since the last look.
  std::string Seen() { return std::exchange(kernel.seen, ""); }
};

TEST(GlibcModelTest, EachRulePredictsItsCalls) {
  const struct {
    const char* rule;
    std::function<void(Script&)> perform;
    std::string calls;
  } kRows[] = {
      {"P1", [](Script& s) { s.Malloc(1); }, "brk? brk+132K"},
      {"P1", [](Script& s) { s.predictor.Set(Option::kTopPad, 0); s.Malloc(1); }, "brk? brk+4K"},
      {"P2", [](Script& s) { s.Malloc(128 * kKiB); }, "brk? brk+132K"},
      {"P3", [](Script& s) { s.Malloc(1); s.Malloc(100 * kKiB); s.Seen(); s.Malloc(131048); }, "brk+228K"},
      {"P3", [](Script& s) { s.Malloc(1); s.Malloc(100 * kKiB); s.Seen(); s.Malloc(131049); }, "mmap 132K"},
      {"P4", [](Script& s) { s.Malloc(120 * kKiB); s.Seen(); s.Malloc(60 * kKiB); }, "brk+180K"},
      {"P5", [](Script& s) { s.kernel.refused = {2}; s.Malloc(kMiB); }, "brk? brk+132K mmap 1028K brk+1024K"},
      {"P6", [](Script& s) { s.kernel.refused = {1}; s.Malloc(1); }, "brk? brk+132K mmap 1024K"},
      // The full size, though top has most of 1 MiB; then P9: the old top's end trims the new one away.
      {"P7", [](Script& s) { s.kernel.refused = {1}; s.Malloc(1); s.Seen(); s.predictor.Set(Option::kMmapMax, 0); s.Malloc(2 * kMiB); },
       "brk+2180K brk-2048K"},
      {"P8", [](Script& s) { s.Malloc(1); s.predictor.MoveBreak(4096); s.Seen(); s.Malloc(100 * kKiB); s.Malloc(100 * kKiB); },
       "brk+200K brk+32K"},
      {"P11", [](Script& s) { s.predictor.MoveBreak(8); s.Seen(); s.Malloc(1); }, "brk+132K brk+4088"},
      {"P12", [](Script& s) { s.Malloc(1ull << 63); }, ""},
      {"P13", [](Script& s) { s.predictor.Set(Option::kMmapMax, 0); s.Malloc(kMiB); }, "brk? brk+132K brk+1024K"},
      {"P14", [](Script& s) { s.Malloc(1); const auto a = s.Malloc(128 * kKiB); s.Malloc(8 * kKiB); s.Seen(); s.Free(a); }, ""},
      {"P14", [](Script& s) { const auto a = s.Malloc(120 * kKiB); const auto b = s.Malloc(120 * kKiB); s.Seen(); s.Free(b); s.Free(a); },
       "brk-120K brk-120K"},
      {"P15", [](Script& s) { const auto a = s.Malloc(120 * kKiB); const auto b = s.Malloc(120 * kKiB); s.predictor.MoveBreak(4096); s.Seen(); s.Free(b); s.Free(a); }, ""},
      {"P17", [](Script& s) { const auto a = s.Malloc(kMiB); s.Seen(); s.Free(a); }, "munmap 1028K"},
      {"P18", [](Script& s) { const auto a = s.Malloc(1000); s.Seen(); s.Free(a); s.Malloc(1000); }, ""},
      {"P20", [](Script& s) { s.Free(s.Malloc(kMiB)); s.Seen(); s.Malloc(kMiB); }, "brk+1024K"},
      {"P21", [](Script& s) { s.Free(s.Malloc(32 * kMiB - 24)); s.Seen(); s.Malloc(kMiB); }, "mmap 1028K"},
      {"P21", [](Script& s) { s.Free(s.Malloc(32 * kMiB - 4096 - 24)); s.Seen(); s.Malloc(kMiB); }, "brk+1024K"},
      {"P22", [](Script& s) { s.predictor.Set(Option::kTopPad, 128 * kKiB); s.Free(s.Malloc(kMiB)); s.Seen(); s.Malloc(kMiB); }, "mmap 1028K"},
      {"P23", [](Script& s) { s.predictor.Set(Option::kMmapThreshold, 64 * kMiB); s.Malloc(1); s.Seen(); s.Malloc(40 * kMiB); }, "brk+40960K"},
      {"P24", [](Script& s) { s.Realloc(s.Malloc(kMiB), 2 * kMiB); s.Seen(); s.Malloc(kMiB); }, "mmap 1028K"},
      {"P30", [](Script& s) { const auto a = s.Malloc(kMiB); s.Seen(); s.Realloc(s.Realloc(a, kMiB + 4000), 1); }, "mremap 1028K>4K"},
      {"P31", [](Script& s) { const auto a = s.Malloc(1); s.Malloc(1); s.Seen(); s.Realloc(a, kMiB); }, "mmap 1028K"},
      {"P33", [](Script& s) { s.Malloc(1); s.Seen(); s.Memalign(64 * kKiB, kMiB); }, "mmap 1092K"},
  };
  for (const auto& row : kRows) {
    Script script;
    row.perform(script);
    EXPECT_EQ(script.Seen(), row.calls) << row.rule;
    EXPECT_FALSE(script.predictor.is_aborted()) << row.rule;
  }
}

TEST(GlibcModelTest, SomeBreaksAbort) {
  Script lowered;
  lowered.Malloc(1);
  lowered.predictor.MoveBreak(-8);
  lowered.Malloc(120 * kKiB);
  lowered.Malloc(120 * kKiB);
  EXPECT_TRUE(lowered.predictor.is_aborted()) << "P10";

  Script odd;
  odd.kernel.refused = {1};
  odd.Malloc(1);
  odd.predictor.MoveBreak(8);
  odd.predictor.Set(Option::kMmapMax, 0);
  odd.Malloc(2 * kMiB);
  EXPECT_TRUE(odd.predictor.is_aborted()) << "P7";
}

TEST(GlibcModelTest, UsableSizesFollowChunks) {
  Script s;
  const struct {
    std::uint64_t size, usable;
  } kRows[] = {{0, 24}, {24, 24}, {25, 40}, {1000, 1000}, {kMiB, kMiB + 4096 - 16}};
  for (const auto& row : kRows) EXPECT_EQ(s.predictor.UsableSize(s.Malloc(row.size)), row.usable) << row.size;
  // pvalloc leaves the lowest bit of the padded size standing: 4097 bytes where a page was meant.
  EXPECT_EQ(s.predictor.UsableSize(s.predictor.Perform({.entry = Entry::kPvalloc, .size = 2})), 4104u);
}

}  // namespace
}  // namespace breakproof::model::glibc
