#include "tests/policy/policy_cases.h"

#include <algorithm>
#include <cstdio>

#include "harness/search/generate/case_builder.h"
#include "harness/search/generate/generator.h"
#include "harness/search/generate/sizes.h"

namespace breakproof::tests {
namespace {

using harness::Case;
using harness::CaseBuilder;
using harness::Random;
using harness::Slot;
using model::Entry;
using model::Option;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLiveBudget = 256 * kMiB;
constexpr std::uint64_t kChunkOverhead = 24;  // of a mapped chunk, beside the request

// Around a boundary of chunk sizes or mapping lengths.
std::uint64_t Around(Random& r, std::uint64_t boundary) {
  const std::uint64_t distance = r.Pick<std::uint64_t>({0, 1, 7, 8, 9, 15, 16, 23, 24, 25, 32, 40});
  return r.OneIn(3) ? boundary + distance : boundary - distance;
}

Slot AllocateSomehow(CaseBuilder& b, std::uint64_t size) {
  Random& r = b.random();
  switch (r.Below(10)) {
    case 0: return b.AllocateArray(Entry::kCalloc, 1, size);
    case 1: return b.Allocate(Entry::kRealloc, size);
    case 2: return b.Allocate(r.Pick<Entry>({Entry::kMemalign, Entry::kPosixMemalign, Entry::kAlignedAlloc}), size,
                              8ull << r.Below(r.OneIn(4) ? 15 : 8));
    default: return b.Allocate(Entry::kMalloc, size);
  }
}

// Map, free, and ask for the same again: it comes from the heap now. Then for more, up to 32 MiB and beyond.
void ClimbThresholds(CaseBuilder& b) {
  Random& r = b.random();
  std::uint64_t size = Around(r, 128 * kKiB);
  while (size < 40 * kMiB && !b.IsFull()) {
    const Slot slot = AllocateSomehow(b, size);
    const Slot fence = r.OneIn(3) ? b.Allocate(Entry::kMalloc, harness::PickSmallSize(r)) : slot;
    b.Free(slot);
    if (r.OneIn(2)) b.Free(AllocateSomehow(b, size));
    if (fence != slot && r.OneIn(2)) b.Free(fence);
    size = r.OneIn(3) ? Around(r, size + kPage) : size + r.Below(size) + 1;
  }
}

// P20, P21: the last length that adapts, and the first that does not.
void TouchTheMaximum(CaseBuilder& b) {
  Random& r = b.random();
  for (int i = 0; i < 3 && !b.IsFull(); ++i) {
    const std::uint64_t length = 32 * kMiB - kPage + r.Below(3) * kPage;
    b.Free(b.Allocate(Entry::kMalloc, length - kChunkOverhead));
    const std::uint64_t below = r.Pick<std::uint64_t>({128 * kKiB, 16 * kMiB, 32 * kMiB - 2 * kPage, 32 * kMiB});
    b.Free(b.Allocate(Entry::kMalloc, Around(r, below)));
  }
}

// Blocks below the threshold side by side, freed so that top grows page by page past the trim threshold.
void FillAndTrim(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t size =
      r.Pick<std::uint64_t>({2000, 4080, 16 * kKiB, 64 * kKiB - 16, 64 * kKiB, 100 * kKiB, 128 * kKiB - 40});
  std::vector<Slot> slots;
  for (std::uint64_t n = r.Between(2, 40); n > 0 && !b.IsFull(); --n) {
    slots.push_back(AllocateSomehow(b, Around(r, size)));
  }
  if (r.OneIn(3)) {
    for (std::size_t i = slots.size(); i > 1; --i) std::swap(slots[i - 1], slots[r.Below(i)]);
  } else if (!r.OneIn(3)) {
    std::reverse(slots.begin(), slots.end());
  }
  for (const Slot slot : slots) {
    if (!r.OneIn(12)) b.Free(slot);
    if (r.OneIn(6)) AllocateSomehow(b, harness::PickSmallSize(r));
  }
}

// Small chunks through thread cache, fastbins and bins.
void ChurnSmall(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t widest = r.Pick<std::uint64_t>({64, 160, 600, 1100, 1600, 5000});
  const std::uint64_t target = r.Between(5, 150);
  for (std::uint64_t n = r.Between(20, 700); n > 0 && !b.IsFull(); --n) {
    if (b.LiveCount() > target || (b.LiveCount() > 0 && r.OneIn(2))) {
      const Slot slot = b.AnyLive();
      if (r.OneIn(8)) {
        b.Reallocate(slot, r.Below(widest) + 1);
      } else {
        b.Free(slot);
      }
    } else {
      AllocateSomehow(b, r.Below(widest));
    }
  }
}

void ChurnLarge(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t n = r.Between(10, 150); n > 0 && !b.IsFull(); --n) {
    if (b.LiveCount() > 0 && r.OneIn(2)) {
      const Slot slot = b.AnyLive();
      if (r.OneIn(3)) {
        b.Reallocate(slot, harness::PickSize(r) + 1);
      } else {
        b.Free(slot);
      }
    } else {
      AllocateSomehow(b, r.OneIn(3) ? harness::PickSmallSize(r) : harness::PickLargeSize(r) % (4 * kMiB));
    }
  }
}

// P30, P24: a mapped block that grows and shrinks, down to one page.
void ResizeMapped(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t size = Around(r, 128 * kKiB << r.Below(8));
  const bool is_aligned = r.OneIn(4);
  const Slot slot = b.Allocate(is_aligned ? Entry::kMemalign : Entry::kMalloc, size, 32ull << r.Below(14));
  for (std::uint64_t n = r.Between(1, 8); n > 0 && !b.IsFull(); --n) {
    switch (r.Below(4)) {
      case 0: b.Reallocate(slot, Around(r, r.Between(1, 400) * kPage)); break;
      case 1: b.Reallocate(slot, b.SizeOf(slot) + r.Below(40)); break;
      case 2: b.Reallocate(slot, harness::PickSmallSize(r) + 1); break;
      default: b.Reallocate(slot, std::min<std::uint64_t>(b.SizeOf(slot) * 2, 48 * kMiB));
    }
  }
  if (!r.OneIn(3)) b.Free(slot);
}

// P31: the last block grows into top, others into a free neighbour, or they move.
void ResizeOnHeap(CaseBuilder& b) {
  Random& r = b.random();
  std::vector<Slot> slots;
  for (std::uint64_t n = r.Between(2, 8); n > 0; --n) {
    slots.push_back(b.Allocate(Entry::kMalloc, harness::PickSize(r) % (96 * kKiB) + 1));
  }
  for (std::uint64_t n = r.Between(2, 20); n > 0 && !b.IsFull(); --n) {
    const Slot slot = slots[r.Below(slots.size())];
    if (r.OneIn(5)) {
      b.Free(slot);
    } else {
      b.Reallocate(slot, Around(r, b.SizeOf(slot) / 2 + 64 + r.Below(b.SizeOf(slot) * 2 + 64)));
    }
  }
}

void Align(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t alignment = r.OneIn(6) ? r.Between(17, 5000) : 16ull << r.Below(17);
  std::vector<Slot> slots;
  for (std::uint64_t n = r.Between(1, 12); n > 0 && !b.IsFull(); --n) {
    const std::uint64_t size = r.OneIn(4) ? Around(r, 128 * kKiB - alignment % (64 * kKiB)) : harness::PickSize(r);
    switch (r.Below(5)) {
      case 0: slots.push_back(b.Allocate(Entry::kValloc, size)); break;
      case 1: slots.push_back(b.Allocate(Entry::kPvalloc, size)); break;
      case 2: slots.push_back(b.Allocate(Entry::kPosixMemalign, size, alignment)); break;
      default: slots.push_back(b.Allocate(r.OneIn(2) ? Entry::kMemalign : Entry::kAlignedAlloc, size, alignment));
    }
    if (r.OneIn(3)) b.Free(slots[r.Below(slots.size())]);
  }
}

// P12.
void AskForTooMuch(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t n = r.Between(1, 5); n > 0; --n) {
    const std::uint64_t size = harness::PickAbsurdSize(r);
    switch (r.Below(5)) {
      case 0: b.AllocateHopelessly(Entry::kCalloc, 1 + r.Below(2), size, 0); break;
      case 1: b.AllocateHopelessly(Entry::kMemalign, 1, size, 16ull << r.Below(12)); break;
      case 2:
        if (b.LiveCount() > 0) b.ReallocateHopelessly(b.AnyLive(), size);
        break;
      default: b.AllocateHopelessly(Entry::kMalloc, 1, size, 0);
    }
  }
}

// P8, P10, P11, P15: the program takes break memory for itself.
void MoveBreak(CaseBuilder& b) {
  Random& r = b.random();
  if (r.OneIn(6)) {
    b.MoveBreak(-static_cast<std::int64_t>(r.Between(1, 64)));  // the page stays mapped
    return FillAndTrim(b);
  }
  b.MoveBreak(static_cast<std::int64_t>(r.Pick<std::uint64_t>({1, 8, 16, 24, 100, kPage, 5 * kPage, 200 * kKiB})));
  if (r.OneIn(2)) FillAndTrim(b);
  if (r.OneIn(2)) ClimbThresholds(b);
}

// P14: top around the trim threshold itself, which only shows when the padding is smaller.
void TouchTrimThreshold(CaseBuilder& b) {
  Random& r = b.random();
  b.SetOption(Option::kTopPad, r.Pick<std::uint64_t>({0, 1, 4096, 32768}));
  b.SetOption(Option::kMmapThreshold, 1 * kMiB);
  const bool is_lower = r.OneIn(3);
  if (is_lower) b.SetOption(Option::kTrimThreshold, 96 * kKiB);
  for (std::uint64_t n = r.Between(5, 40); n > 0 && !b.IsFull(); --n) {
    const std::uint64_t threshold = is_lower ? 96 * kKiB : 128 * kKiB;
    b.Free(b.Allocate(Entry::kMalloc, r.Between(threshold - 2 * kPage, threshold + kPage)));
    if (r.OneIn(4)) AllocateSomehow(b, harness::PickSmallSize(r));
  }
}

void FreeAll(CaseBuilder& b) { b.FreeEverything(); }

void SetOptions(CaseBuilder& b) {
  Random& r = b.random();
  const auto set_one_in = [&](std::uint64_t n, Option option, std::initializer_list<std::uint64_t> values) {
    if (r.OneIn(n)) b.SetOption(option, r.Pick<std::uint64_t>(values));
  };
  set_one_in(3, Option::kMmapThreshold, {0, 4096, 65536, 131072, 1u << 20, 33u << 20, 1u << 30});
  set_one_in(3, Option::kTrimThreshold, {0, 4096, 65536, 131072, 131073, 1u << 20, INT32_MAX});
  set_one_in(3, Option::kTopPad, {0, 1, 4095, 4096, 65536, 1u << 20});
  set_one_in(4, Option::kMmapMax, {0, 1, 2, 5, 100000});
  set_one_in(6, Option::kMaxFast, {0, 7, 8, 24, 64, 100, 160, 161});
}

void BeginSomehow(CaseBuilder& b) {
  Random& r = b.random();
  if (r.OneIn(3)) SetOptions(b);
  if (r.OneIn(10)) b.MoveBreak(static_cast<std::int64_t>(r.Between(1, 5000)));
  switch (r.Below(9)) {
    case 8: TouchTrimThreshold(b); break;
    case 0: b.Allocate(Entry::kMemalign, harness::PickSize(r), 64); break;  // does not make the thread cache
    case 1: b.AllocateArray(Entry::kCalloc, 1, harness::PickLargeSize(r)); break;
    case 2: AskForTooMuch(b); break;
    case 3: b.FreeNull(); break;
    case 4: b.Free(b.Allocate(Entry::kValloc, harness::PickLargeSize(r))); break;
    default: break;
  }
}

// Some cases run on a kernel that refuses: P5, P6, P7, P9.
std::vector<std::string> PickRefusals(Random& r) {
  if (!r.OneIn(5)) return {};
  std::vector<std::string> notes;
  const char* const kind = r.Pick<const char*>({"brk", "brk", "brk", "mmap", "mmap", "munmap", "mremap"});
  notes.push_back(std::string("refuse=") + kind + "@" + std::to_string(r.Between(1, 12)) + (r.OneIn(2) ? "+" : ""));
  if (r.OneIn(3)) notes.push_back("refuse=mremap@" + std::to_string(r.Between(1, 3)) + "+");
  return notes;
}

// The harness's own scenarios, as if the program had one thread.
// And without what the model of glibc does not predict: malloc_trim, and a fork's child, which nobody watches.
Case OnMainThread(Case c) {
  using Kind = harness::OperationKind;
  std::erase_if(c.operations, [](const harness::Operation& o) {
    return o.kind == Kind::kThreadExit || o.kind == Kind::kTrim || o.kind == Kind::kFork;
  });
  for (harness::Operation& operation : c.operations) operation.thread = 0;
  return c;
}

}  // namespace

Case GeneratePolicyCase(std::uint64_t seed, std::uint64_t n) {
  constexpr void (*kScenes[])(CaseBuilder&) = {ClimbThresholds, TouchTheMaximum, FillAndTrim, FillAndTrim, ChurnSmall,
                                               ChurnSmall,      ChurnLarge,      ResizeMapped,    ResizeOnHeap, Align,
                                               AskForTooMuch,   MoveBreak,       FreeAll};
  Random random = Random::ForPart(seed, n);
  if (n % 4 == 3) return OnMainThread(harness::GenerateCase(seed, n, harness::kAllEntries));
  const std::uint32_t most = random.Pick<std::uint32_t>({60, 400, 2000});
  CaseBuilder builder(Random(random.Next()), harness::kAllEntries, most, kLiveBudget, /*threads=*/1);
  BeginSomehow(builder);
  for (std::uint64_t scenes = random.Between(2, 14); scenes > 0 && !builder.IsFull(); --scenes) {
    // Mid-way mallopt is rare: it ends the adaptation, which most cases are about.
    if (random.OneIn(30)) SetOptions(builder);
    kScenes[random.Below(std::size(kScenes))](builder);
  }
  Case c = builder.Finish();
  c.notes = PickRefusals(random);
  c.notes.push_back("policy, seed " + std::to_string(seed) + ", case " + std::to_string(n));
  return c;
}

Refusals RefusalsOf(const Case& c) {
  Refusals refusals;
  for (const std::string& note : c.notes) {
    for (int k = 0; k < model::kKernelCallKindCount; ++k) {
      const auto kind = static_cast<model::KernelCallKind>(k);
      const std::string prefix = std::string("refuse=") + model::NameOf(kind) + "@";
      unsigned first = 0;
      char plus = 0;
      if (!note.starts_with(prefix) || std::sscanf(note.c_str() + prefix.size(), "%u%c", &first, &plus) < 1) continue;
      refusals.push_back({kind, {first, plus == '+' ? UINT32_MAX : first}});
    }
  }
  return refusals;
}

}  // namespace breakproof::tests
