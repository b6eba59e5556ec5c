#include "harness/search/generate/scenarios.h"

#include <algorithm>
#include <array>
#include <vector>

#include "harness/search/generate/sizes.h"

namespace breakproof::harness {
namespace {

using model::Entry;

constexpr std::array kAligned = {Entry::kMemalign, Entry::kAlignedAlloc, Entry::kPosixMemalign};

// Any form of operator new.
Entry AnyNew(Random& r) { return static_cast<Entry>(static_cast<std::uint64_t>(Entry::kNew) + r.Below(8)); }

Slot AllocateByNew(CaseBuilder& b, std::uint64_t size) {
  Random& r = b.random();
  const Entry form = AnyNew(r);
  return b.Allocate(form, size, model::Has(form, model::NewTrait::kAligned) ? PickAlignment(r) : 0);
}

Slot AllocateSomehow(CaseBuilder& b, std::uint64_t size) {
  Random& r = b.random();
  switch (r.Below(12)) {
    case 0: return b.AllocateArray(Entry::kCalloc, 1, size);
    case 1: {
      const std::uint64_t unit = r.Pick<std::uint64_t>({2, 4, 8, 16, 24});
      return b.AllocateArray(Entry::kCalloc, size / unit + 1, unit);
    }
    case 2: return b.Allocate(r.Pick<Entry>(kAligned), size, PickAlignment(r));
    case 3: return b.Allocate(Entry::kRealloc, size);  // realloc(NULL, n)
    case 4: return AllocateByNew(b, size);
    default: return b.Allocate(Entry::kMalloc, size);
  }
}

enum class Order { kFirstInFirstOut, kLastInFirstOut, kRandom, kEveryOther };

void FreeInOrder(CaseBuilder& b, std::vector<Slot> slots, Order order) {
  Random& r = b.random();
  if (order == Order::kLastInFirstOut) std::reverse(slots.begin(), slots.end());
  if (order == Order::kRandom) {
    for (std::size_t i = slots.size(); i > 1; --i) std::swap(slots[i - 1], slots[r.Below(i)]);
  }
  if (order == Order::kEveryOther) {
    std::stable_partition(slots.begin(), slots.end(), [n = 0](Slot) mutable { return n++ % 2 == 0; });
  }
  for (const Slot slot : slots) b.Free(slot);
}

Order AnyOrder(Random& r) { return static_cast<Order>(r.Below(4)); }

// Many small counts, few large ones.
std::uint64_t PickCount(Random& r, std::uint64_t most) { return r.Below(r.Below(most) + 1) + 1; }

// Saturate one class, drain it, and take from the recycled memory.
void SaturateAndDrain(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t size = r.OneIn(6) ? PickSize(r) : PickSmallSize(r);
  const std::uint64_t count = PickCount(r, size < 512 ? 3000 : size < 65536 ? 300 : 12);
  std::vector<Slot> slots;
  for (std::uint64_t i = 0; i < count && !b.IsFull(); ++i) slots.push_back(b.Allocate(Entry::kMalloc, size));
  FreeInOrder(b, slots, AnyOrder(r));
  for (std::uint64_t i = 0; i < count / 2 + 1 && !b.IsFull(); ++i) {
    b.AllocateArray(Entry::kCalloc, 1, size);
  }
}

// Dirty blocks of any size, freed and asked for again as zeroes.
void DirtyThenZero(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t round = r.Between(1, 12); round > 0 && !b.IsFull(); --round) {
    const std::uint64_t size = PickSize(r);
    const Slot dirty = AllocateSomehow(b, size);
    const Slot pin = r.OneIn(2) ? b.Allocate(Entry::kMalloc, PickSmallSize(r)) : kNullSlot;
    b.Free(dirty);
    const std::uint64_t wanted = r.OneIn(3) ? PickSize(r) : size;
    const Slot zeroed = b.AllocateArray(Entry::kCalloc, 1, wanted);
    if (r.OneIn(2)) b.Free(zeroed);
    if (pin != kNullSlot && r.OneIn(2)) b.Free(pin);
  }
}

// Every size around a boundary, upwards or downwards, each freed at once or later.
void WalkBoundary(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t around = PickSize(r);
  const std::uint64_t reach = r.Pick<std::uint64_t>({4, 20, 40, 130});
  const std::uint64_t step = r.Pick<std::uint64_t>({1, 1, 1, 8, 16});
  const bool keep = r.OneIn(2);
  for (std::uint64_t i = 0; i < reach && !b.IsFull(); ++i) {
    const std::uint64_t size = around - std::min(around, reach / 2 * step) + i * step;
    const Slot slot = AllocateSomehow(b, size);
    if (!keep) b.Free(slot);
  }
}

// Growth and shrinkage of one block across classes and thresholds, others in its way.
void ReallocateInSteps(CaseBuilder& b) {
  Random& r = b.random();
  const Slot slot = AllocateSomehow(b, PickSize(r));
  for (std::uint64_t step = r.Between(1, 30); step > 0 && !b.IsFull(); --step) {
    const std::uint64_t size = b.SizeOf(slot);
    std::uint64_t next = 0;
    switch (r.Below(8)) {
      case 0: next = size + r.Below(64) + 1; break;
      case 1: next = size + size / 2 + 1; break;
      case 2: next = size * 2; break;
      case 3: next = size - std::min(size, r.Below(64) + 1); break;
      case 4: next = size / 2; break;
      case 5: next = PickLargeSize(r); break;
      default: next = PickSize(r);
    }
    next = std::clamp<std::uint64_t>(next, 1, 96 << 20);
    b.Reallocate(slot, next);
    if (r.OneIn(6)) b.Allocate(Entry::kMalloc, PickSize(r));  // what stood behind it is taken now
    if (r.OneIn(10)) b.ReallocateHopelessly(slot, PickAbsurdSize(r));
    if (r.OneIn(12)) b.UsableSize(slot);
  }
  if (r.OneIn(8)) {
    b.Reallocate(slot, 0);
  } else if (r.OneIn(2)) {
    b.Free(slot);
  }
}

// Buffers of a few pages that grow, shrink and move, as text does in an editor.
void ResizeBuffers(CaseBuilder& b) {
  Random& r = b.random();
  std::vector<Slot> buffers(r.Between(2, 64), kNullSlot);
  for (std::uint64_t i = r.Between(20, 1200); i > 0 && !b.IsFull(); --i) {
    Slot& buffer = buffers[r.Below(buffers.size())];
    const std::uint64_t size = r.OneIn(3) ? r.Between(1024, 5000) : r.Between(4096, 64 << 10);
    if (buffer == kNullSlot) {
      buffer = b.Allocate(r.OneIn(2) ? Entry::kRealloc : Entry::kMalloc, size);
    } else if (r.OneIn(3)) {
      b.Free(buffer);
      buffer = kNullSlot;
    } else {
      b.Reallocate(buffer, size);
    }
  }
}

// Alignments against sizes: equal, size tiny, size 0; and the same request over and over, since the
// first takes another path than the later ones.
void Align(CaseBuilder& b) {
  Random& r = b.random();
  const std::uint64_t alignment = PickAlignment(r);
  std::uint64_t size = PickSize(r);
  switch (r.Below(5)) {
    case 0: size = alignment; break;
    case 1: size = r.Below(17); break;
    case 2: size = 0; break;
    case 3: size = alignment - 1 + r.Below(3); break;
    default: break;
  }
  if (alignment > 65536) size = std::min<std::uint64_t>(size, 65536);
  const Entry entry = r.Pick<Entry>(kAligned);
  const std::uint64_t repeats = alignment > 65536 ? r.Between(1, 4) : r.Pick<std::uint64_t>({1, 2, 20});
  std::vector<Slot> slots;
  for (std::uint64_t i = 0; i < repeats && !b.IsFull(); ++i) {
    slots.push_back(b.Allocate(entry, size, alignment));
  }
  for (const Slot slot : slots) {
    if (r.OneIn(3)) {
      b.Reallocate(slot, std::max<std::uint64_t>(PickSize(r), 1));
    } else if (r.OneIn(2)) {
      b.Free(slot);
    }
  }
}

// Requests that must be refused, between others that must not notice.
void AskForTooMuch(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t i = r.Between(1, 10); i > 0 && !b.IsFull(); --i) {
    const std::uint64_t size = PickAbsurdSize(r);
    switch (r.Below(10)) {
      case 0: b.AllocateHopelessly(Entry::kMalloc, 1, size, 0); break;
      case 1: b.AllocateHopelessly(Entry::kCalloc, r.Between(1, 3), size, 0); break;
      case 2: {  // a product that wraps to something small
        const std::uint64_t factor = 1ull << r.Between(1, 63);
        b.AllocateHopelessly(Entry::kCalloc, SIZE_MAX / factor + 1 + r.Below(2), factor, 0);
        break;
      }
      case 3: b.AllocateHopelessly(Entry::kReallocarray, (1ull << 32) + r.Below(2), 1ull << r.Between(32, 40), 0); break;
      case 4: b.AllocateHopelessly(Entry::kPvalloc, 1, SIZE_MAX - r.Below(5000), 0); break;
      case 5: b.AllocateHopelessly(r.Pick<Entry>({Entry::kValloc, Entry::kPvalloc}), 1, size, 0); break;
      case 6: b.AllocateHopelessly(r.Pick<Entry>(kAligned), 1, size, PickWildAlignment(r)); break;
      case 7: b.AllocateHopelessly(r.Pick<Entry>(kAligned), 1, PickSmallSize(r), PickWildAlignment(r)); break;
      case 8: {
        // Where nobody catches what they throw, the process ends there: the forms that throw are drawn less often.
        const Entry form = AnyNew(r);
        b.AllocateHopelessly(r.OneIn(4) ? form : model::WithoutThrowing(form), 1, size, PickAlignment(r));
        break;
      }
      default:
        if (b.LiveCount() > 0) b.ReallocateHopelessly(b.AnyLive(), size);
    }
    if (r.OneIn(3)) AllocateSomehow(b, PickSmallSize(r));
  }
}

// One thread makes, another frees, and the maker may be gone by then.
void FreeRemotely(CaseBuilder& b) {
  Random& r = b.random();
  const int maker = b.AnyThread();
  const int drain = b.AnotherThread(maker);
  const bool one_class = r.OneIn(2);
  // Now and then larger ones, of which a few fill a slab: what a thread leaves behind is then mostly full.
  const std::uint64_t small = PickSmallSize(r);
  const std::uint64_t size = small % 3 == 0 ? 1024 + small % 7 * 1024 : small;
  const std::uint64_t count = PickCount(r, 2000);
  std::vector<Slot> slots;
  b.OnThread(maker);
  for (std::uint64_t i = 0; i < count && !b.IsFull(); ++i) {
    slots.push_back(b.Allocate(Entry::kMalloc, one_class ? size : PickSmallSize(r)));
  }
  if (r.OneIn(2)) b.ExitThread();
  b.OnThread(drain);
  if (r.OneIn(2)) {  // others allocate meanwhile, and may be given what the maker left full
    for (std::uint64_t i = r.Between(1, 20); i > 0 && !b.IsFull(); --i) b.Allocate(Entry::kMalloc, size);
  }
  FreeInOrder(b, slots, AnyOrder(r));
  if (r.OneIn(4)) b.ExitThread();
  b.OnThread(maker);
  for (std::uint64_t i = 0; i < count / 2 && !b.IsFull(); ++i) {
    b.Allocate(r.OneIn(4) ? Entry::kCalloc : Entry::kMalloc, one_class ? size : PickSmallSize(r));
  }
  b.OnThread(0);
}

// Random replacement with every entry point, as programs do it.
void Churn(CaseBuilder& b) {
  Random& r = b.random();
  const std::size_t target = r.Between(1, 200);
  const bool threads = r.OneIn(4);
  for (std::uint64_t i = r.Between(10, 1500); i > 0 && !b.IsFull(); --i) {
    if (threads && r.OneIn(20)) b.OnThread(b.AnyThread());
    if (b.LiveCount() > 0 && (b.LiveCount() > target || r.OneIn(2))) {
      const Slot slot = b.AnyLive();
      switch (r.Below(8)) {
        case 0: b.Reallocate(slot, std::max<std::uint64_t>(PickSize(r), 1)); break;
        case 1: b.UsableSize(slot); break;
        default: b.Free(slot);
      }
    } else {
      AllocateSomehow(b, PickSize(r));
    }
  }
  b.OnThread(0);
}

// Odd sizes just above the mapping threshold, densely: rounding errors live there.
void SweepOddLargeSizes(CaseBuilder& b) {
  Random& r = b.random();
  std::uint64_t size = PickLargeSize(r);
  for (std::uint64_t i = r.Between(1, 30); i > 0 && !b.IsFull(); --i) {
    const Slot slot = AllocateSomehow(b, size);
    if (r.OneIn(3)) b.Reallocate(slot, size + r.Below(8192) + 1);
    if (!r.OneIn(4)) b.Free(slot);
    size += r.Pick<std::uint64_t>({1, 2, 15, 4095, 4097});
    if (size > 48 << 20) size = 128 << 10;
  }
}

// Every entry point's block through every other that takes one.
void MixEntryPoints(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t i = r.Between(3, 24); i > 0 && !b.IsFull(); --i) {
    const auto maker = static_cast<Entry>(r.Below(model::kEntryCount));
    if (!AssignsSlot(maker)) continue;
    const std::uint64_t size = PickSize(r);
    const Slot slot = TakesCount(maker) ? b.AllocateArray(maker, r.Between(1, 4), size / 4 + 1)
                                        : b.Allocate(maker, size, PickAlignment(r) | 8);
    switch (r.Below(4)) {
      case 0: b.UsableSize(slot); [[fallthrough]];
      case 1: b.Free(slot); break;
      case 2: b.Reallocate(slot, std::max<std::uint64_t>(PickSize(r), 1)); break;
      default: break;
    }
  }
}

// As C++ programs do: objects of a few types, each made and ended by its own form of the operators, on any thread.
void NewAndDelete(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t types = r.Between(1, 3); types > 0 && !b.IsFull(); --types) {
    const std::uint64_t size = r.OneIn(8) ? 0 : r.OneIn(4) ? PickSize(r) : PickSmallSize(r);
    std::vector<Slot> objects;
    for (std::uint64_t count = PickCount(r, size < 4096 ? 200 : 8); count > 0 && !b.IsFull(); --count) {
      objects.push_back(AllocateByNew(b, size));
      if (r.OneIn(20)) b.Allocate(Entry::kMalloc, size);
    }
    if (r.OneIn(4)) b.OnThread(b.AnyThread());
    FreeInOrder(b, objects, AnyOrder(r));
    b.OnThread(0);
  }
}

// The same requests over and over, each time all freed: whatever is lost each time adds up (rule H12).
void RepeatRounds(CaseBuilder& b) {
  constexpr int kRounds = 13;
  Random& r = b.random();
  b.FreeEverything();
  const std::uint64_t size = r.OneIn(2) ? PickLargeSize(r) % (4 << 20) + 1 : r.Between(1024, 8192);
  const std::uint64_t grown = r.OneIn(3) ? size + r.Below(size) : 0;
  const std::uint64_t count = (64 << 10) / size + r.Between(1, 3);
  const bool is_remote = r.OneIn(3);
  const bool is_by_new = r.OneIn(3);
  const Entry maker = is_by_new ? r.Pick<Entry>({Entry::kNew, Entry::kNewArray, Entry::kNewNothrow}) : Entry::kMalloc;
  // One and the same, or the rounds would differ.
  const Entry end = is_by_new ? r.Pick<Entry>({Entry::kDelete, Entry::kDeleteSized}) : r.Pick<Entry>({Entry::kFree, Entry::kFreeSized});
  for (int round = 0; round < kRounds && !b.IsFull(); ++round) {
    std::vector<Slot> slots;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Slot slot = b.Allocate(maker, size);
      if (grown > 0) b.Reallocate(slot, grown);
      slots.push_back(slot);
    }
    if (is_remote) b.OnThread(1);
    for (const Slot slot : slots) b.FreeBy(end, slot);
    b.OnThread(0);
  }
}

// What is full is drained while the kernel refuses to take anything back, and asked for again as zeroes.
void RefuseWhileDraining(CaseBuilder& b, int type) {
  Random& r = b.random();
  const std::uint64_t size = r.Between(1, 8) << 10;
  std::vector<Slot> slots;
  for (std::uint64_t i = r.Between(1, 80); i > 0 && !b.IsFull(); --i) slots.push_back(b.Allocate(Entry::kMalloc, size));
  b.Refuse(type, SIZE_MAX);
  FreeInOrder(b, slots, AnyOrder(r));
  b.Refuse(type, 0);
  for (std::size_t i = 0; i < slots.size() && !b.IsFull(); ++i) b.AllocateArray(Entry::kCalloc, 1, size);
}

// The kernel refuses a call, or all of a type, in the middle of whatever an allocator does, on any thread.
void RefuseCalls(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t i = r.Between(1, 4); i > 0 && !b.IsFull(); --i) {
    const int type = static_cast<int>(r.Below(kCallTypes + 1));
    b.OnThread(r.OneIn(3) ? static_cast<int>(r.Between(1, 3)) : 0);
    if (r.OneIn(3)) RefuseWhileDraining(b, type);
    const Slot slot = AllocateSomehow(b, PickSize(r));
    b.Refuse(type, r.OneIn(2) ? 1 : SIZE_MAX);
    for (std::uint64_t n = r.Between(1, 60); n > 0 && !b.IsFull(); --n) {
      switch (r.Below(8)) {
        case 0: b.Reallocate(slot, std::max<std::uint64_t>(PickSize(r), 1)); break;
        case 1:
        case 2:
          if (b.LiveCount() > 0) b.Free(b.AnyLive());
          break;
        case 3: AllocateSomehow(b, PickLargeSize(r) % (8 << 20)); break;
        default: AllocateSomehow(b, PickSize(r));
      }
    }
    if (r.OneIn(3)) b.FreeEverything();
    b.Refuse(type, 0);
  }
  b.OnThread(0);
}

// The program moves the break itself, between an allocator's own moves.
void MoveBreakBetween(CaseBuilder& b) {
  Random& r = b.random();
  for (std::uint64_t i = r.Between(1, 6); i > 0 && !b.IsFull(); --i) {
    AllocateSomehow(b, r.OneIn(2) ? r.Between(1, 120) << 10 : PickSmallSize(r));
    b.MoveBreak(static_cast<std::int64_t>(r.Pick<std::uint64_t>({1, 16, 4095, 4096, 100000})));
    const std::uint64_t burst = r.Between(1, 30);
    for (std::uint64_t n = 0; n < burst && !b.IsFull(); ++n) b.Allocate(Entry::kMalloc, r.Between(1, 60) << 10);
    if (r.OneIn(2)) b.FreeEverything();
  }
}

void FreeAll(CaseBuilder& b) {
  b.Check();
  b.FreeEverything();
}

constexpr std::array kScenarios = {
    Scenario{"saturate_and_drain", 5, SaturateAndDrain},
    Scenario{"dirty_then_zero", 5, DirtyThenZero},
    Scenario{"walk_boundary", 4, WalkBoundary},
    Scenario{"reallocate_in_steps", 6, ReallocateInSteps},
    Scenario{"resize_buffers", 3, ResizeBuffers},
    Scenario{"align", 6, Align},
    Scenario{"ask_for_too_much", 3, AskForTooMuch},
    Scenario{"free_remotely", 4, FreeRemotely},
    Scenario{"churn", 5, Churn},
    Scenario{"sweep_odd_large_sizes", 2, SweepOddLargeSizes},
    Scenario{"mix_entry_points", 4, MixEntryPoints},
    Scenario{"new_and_delete", 3, NewAndDelete},
    Scenario{"first_calls", 3, AppendFirstCalls},
    Scenario{"repeat_rounds", 2, RepeatRounds},
    Scenario{"move_break_between", 2, MoveBreakBetween},
    Scenario{"refuse_calls", 4, RefuseCalls},
    Scenario{"free_all", 2, FreeAll},
};

}  // namespace

std::span<const Scenario> Scenarios() { return kScenarios; }

void AppendFirstCalls(CaseBuilder& b) {
  Random& r = b.random();
  if (r.OneIn(2)) b.OnThread(b.AnotherThread(0));
  switch (r.Below(8)) {
    case 0: b.FreeNull(); break;
    case 1: b.Allocate(Entry::kRealloc, r.OneIn(2) ? 0 : PickSize(r)); break;
    case 2: b.AllocateHopelessly(Entry::kMalloc, 1, PickAbsurdSize(r), 0); break;
    case 3: b.Allocate(r.Pick<Entry>(kAligned), PickSmallSize(r), PickAlignment(r)); break;
    case 4: b.AllocateArray(Entry::kCalloc, r.Below(4), PickSmallSize(r)); break;
    case 5: b.Allocate(Entry::kMalloc, PickLargeSize(r)); break;
    case 6:
      if (b.LiveCount() > 0) b.Free(b.AnyLive());  // a fresh thread whose first call frees a foreign block
      break;
    default: MixEntryPoints(b);
  }
  if (r.OneIn(2)) b.ExitThread();
  b.OnThread(0);
}

}  // namespace breakproof::harness
