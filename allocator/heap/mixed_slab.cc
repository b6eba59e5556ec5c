#include "allocator/heap/mixed_slab.h"

namespace breakproof::allocator::mixed {
namespace {

using arithmetic::kClassInfo;

void SetFreeUnits(Span* slab, const UnitSet& units) {
  for (std::uint64_t word = 0; word < UnitSet::kWords; ++word) slab->SetFreeBlocks(word, units.words[word]);
}

void SetLength(std::uint8_t* lengths, std::uint64_t unit, std::uint64_t units) {
  __atomic_store_n(&lengths[unit], static_cast<std::uint8_t>(units), __ATOMIC_RELAXED);
}

// Where a block may begin, by the logarithm of its alignment in units: up to a page, which is all units.
struct StrideTable {
  UnitSet of[9];
};
constexpr StrideTable MakeStrides() {
  StrideTable table{};
  for (std::uint64_t shift = 0; shift < 9; ++shift) table.of[shift] = UnitSet::Multiples(std::uint64_t{1} << shift);
  return table;
}
constexpr StrideTable kStrides = MakeStrides();

const UnitSet& StartsOf(std::uint64_t class_size) {
  const std::uint64_t alignment = arithmetic::NaturalAlignment<std::uint64_t>(class_size);
  return kStrides.of[__builtin_ctzll(alignment / kUnit)];
}

}  // namespace

bool IsSparse(const Span& slab) {
  constexpr std::uint64_t kInUse = 4;  // at most a quarter: the rest is worth that all its blocks are freed slowly
  return slab.pages == 1 && slab.used * kInUse <= kClassInfo.of[slab.size_class].blocks;
}

void Mix(Span* slab, std::uint8_t* lengths) {
  const arithmetic::ClassInfo& info = kClassInfo.of[slab->size_class];
  const std::uint64_t units = info.size / kUnit;
  const UnitSet free_blocks = FreeUnits(*slab);
  UnitSet free{};
  free.Add(0, UnitSet::kUnits);
  std::uint64_t used = 0;
  for (std::uint64_t block = 0; block < info.blocks; ++block) {
    if (free_blocks.Has(block)) continue;
    free.Remove(block * units, units);
    SetLength(lengths, block * units, units);
    used += units;
  }
  slab->blocks = UnitSet::kUnits;
  slab->used = static_cast<std::uint16_t>(used);
  // In this order: whoever sees the new class, or bits that are units, sees the lengths as well.
  __atomic_store_n(&slab->lengths, lengths, __ATOMIC_RELEASE);
  __atomic_store_n(&slab->size_class, std::uint8_t{0}, __ATOMIC_RELEASE);
  __atomic_store_n(&slab->reciprocal, kClassInfo.of[0].reciprocal, __ATOMIC_RELAXED);
  __atomic_store_n(&slab->owner, nullptr, __ATOMIC_RELAXED);
  SetFreeUnits(slab, free);
}

std::uint32_t Take(Span* slab, std::uint64_t size_class, void** blocks, std::uint32_t most) {
  const std::uint64_t size = kClassInfo.of[size_class].size;
  const std::uint64_t units = size / kUnit;
  UnitSet free = FreeUnits(*slab);
  UnitSet starts = free.RunsOf(units).And(StartsOf(size));
  std::uint32_t taken = 0;
  for (; taken < most && !starts.IsEmpty(); ++taken) {
    const std::uint64_t first = starts.First();
    free.Remove(first, units);
    starts.Remove(first, units);  // what begins before it has been taken or is not aligned
    SetLength(slab->lengths, first, units);
    slab->used = static_cast<std::uint16_t>(slab->used + units);
    void* const block = reinterpret_cast<void*>(slab->start + first * kUnit);
    __atomic_store_n(&blocks[taken], block, __ATOMIC_RELAXED);
  }
  SetFreeUnits(slab, free);
  return taken;
}

std::uint64_t Give(Span* slab, std::uint64_t first) {
  const std::uint64_t units = slab->lengths[first];
  UnitSet free = FreeUnits(*slab);
  free.Add(first, units);
  SetFreeUnits(slab, free);
  SetLength(slab->lengths, first, 0);
  slab->used = static_cast<std::uint16_t>(slab->used - units);
  return free.RunAround(first, units);
}

}  // namespace breakproof::allocator::mixed
