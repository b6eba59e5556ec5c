// The model of glibc's policy against its rules, one row a rule: the calls it predicts on a kernel that grants
// everything but what it is told to refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "harness/case/case_text.h"
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
    const bool rises = call.address > program_break;
    return rises ? "brk+" + Size(call.address - program_break) : "brk-" + Size(program_break - call.address);
  }

  int count_ = 0;
  std::uint64_t next_mapping_ = 0x7e0000000000;
};

// Operations of the case grammar without their thread, ';' between them; what comes before '|' only prepares.
harness::Case CaseOf(std::string text, std::size_t* prepared) {
  *prepared = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find('|') + 1), ';');
  if (const auto bar = text.find('|'); bar != std::string::npos) {
    ++*prepared;
    text[bar] = ';';
  }
  std::string lines = "# breakproof case v1\nt0 ";
  for (const char c : text) lines += c == ';' ? "\nt0 " : std::string(1, c);
  harness::Case c;
  harness::ParseError error;
  EXPECT_TRUE(harness::ParseCase(lines, &c, &error)) << lines << error.message;
  return c;
}

struct Played {
  std::string calls;
  bool is_aborted;
};

Played Play(const std::string& text, const std::set<int>& refused) {
  std::size_t prepared = 0;
  const harness::Case c = CaseOf(text, &prepared);
  PaperKernel kernel;
  kernel.refused = refused;
  Predictor predictor(kernel);
  std::map<harness::Slot, std::uint64_t> slots;
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    if (i == prepared) kernel.seen.clear();
    const harness::Operation& o = c.operations[i];
    if (o.kind == harness::OperationKind::kMallopt) predictor.Set(o.option, o.size);
    if (o.kind == harness::OperationKind::kSbrk) predictor.MoveBreak(static_cast<std::int64_t>(o.size));
    if (o.kind != harness::OperationKind::kCall) continue;
    slots[o.result] = predictor.Perform({.entry = o.entry,
                                         .size = o.size,
                                         .count = o.count,
                                         .alignment = o.alignment,
                                         .address = o.argument == harness::kNullSlot ? 0 : slots[o.argument]});
  }
  return {kernel.seen, predictor.is_aborted()};
}

TEST(GlibcModelTest, EachRulePredictsItsCalls) {
  const struct {
    const char* rule;
    const char* operations;
    const char* calls;
    std::set<int> refused = {};  // indices of calls
  } kRows[] = {
      {"P1", "malloc 1", "brk? brk+132K"},
      {"P1", "mallopt top_pad 0; malloc 1", "brk? brk+4K"},
      {"P2", "malloc 128K", "brk? brk+132K"},
      {"P3", "malloc 1; malloc 100K | malloc 131048", "brk+228K"},
      {"P3", "malloc 1; malloc 100K | malloc 131049", "mmap 132K"},
      {"P4", "malloc 120K | malloc 60K", "brk+180K"},
      {"P5", "malloc 1M", "brk? brk+132K mmap 1028K brk+1024K", {2}},
      {"P6", "malloc 1", "brk? brk+132K mmap 1024K", {1}},
      // The full size, though top has most of 1 MiB; then P9: the old top's end trims the new one away.
      {"P7", "malloc 1; mallopt mmap_max 0 | malloc 2M", "brk+2180K brk-2048K", {1}},
      {"P8", "malloc 1; sbrk 4096 | malloc 100K; malloc 100K", "brk+200K brk+32K"},
      {"P11", "sbrk 8 | malloc 1", "brk+132K brk+4088"},
      {"P12", "malloc PTRDIFF_MAX+1", ""},
      {"P13", "mallopt mmap_max 0; malloc 1M", "brk? brk+132K brk+1024K"},
      {"P14", "malloc 1; a = malloc 128K; malloc 8K | free a", ""},
      {"P14", "a = malloc 120K; b = malloc 120K | free b; free a", "brk-120K brk-120K"},
      {"P15", "a = malloc 120K; b = malloc 120K; sbrk 4096 | free b; free a", ""},
      {"P17", "a = malloc 1M | free a", "munmap 1028K"},
      {"P18", "a = malloc 1000 | free a; malloc 1000", ""},
      {"P20", "a = malloc 1M; free a | malloc 1M", "brk+1024K"},
      {"P21", "a = malloc 33554408; free a | malloc 1M", "mmap 1028K"},
      {"P21", "a = malloc 33550312; free a | malloc 1M", "brk+1024K"},
      {"P22", "mallopt top_pad 128K; a = malloc 1M; free a | malloc 1M", "mmap 1028K"},
      {"P23", "mallopt mmap_threshold 64M; malloc 1 | malloc 40M", "brk+40960K"},
      {"P24", "a = malloc 1M; a = realloc a 2M | malloc 1M", "mmap 1028K"},
      {"P30", "a = malloc 1M | a = realloc a 1052576; a = realloc a 1", "mremap 1028K>4K"},
      {"P31", "a = malloc 1; malloc 1 | a = realloc a 1M", "mmap 1028K"},
      {"P33", "malloc 1 | memalign 64K 1M", "mmap 1092K"},
  };
  for (const auto& row : kRows) {
    const Played played = Play(row.operations, row.refused);
    EXPECT_EQ(played.calls, row.calls) << row.rule << ": " << row.operations;
    EXPECT_FALSE(played.is_aborted) << row.rule << ": " << row.operations;
  }
}

TEST(GlibcModelTest, SomeBreaksAbort) {
  EXPECT_TRUE(Play("malloc 1; sbrk -8; malloc 120K; malloc 120K", {}).is_aborted) << "P10";
  EXPECT_TRUE(Play("malloc 1; sbrk 8; mallopt mmap_max 0; malloc 2M", {1}).is_aborted) << "P7";
}

TEST(GlibcModelTest, UsableSizesFollowChunks) {
  PaperKernel kernel;
  Predictor predictor(kernel);
  const auto usable_size = [&](const HeapCall& call) { return predictor.UsableSize(predictor.Perform(call)); };
  const struct {
    std::uint64_t size, usable;
  } kRows[] = {{0, 24}, {24, 24}, {25, 40}, {1000, 1000}, {kMiB, kMiB + 4096 - 16}};
  for (const auto& row : kRows) EXPECT_EQ(usable_size({.size = row.size}), row.usable) << row.size;
  // pvalloc leaves the lowest bit of the padded size standing: 4097 bytes where a page was meant.
  EXPECT_EQ(usable_size({.entry = Entry::kPvalloc, .size = 2}), 4104u);
}

}  // namespace
}  // namespace breakproof::model::glibc
