// What holds of the reference allocator's books between calls (H1, H2, H10, H11). The search evaluates it in every
// state; the proof assumes it before a step and claims it afterwards. The same words for both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/reference/subject.h"

namespace breakproof::model::reference {

inline constexpr std::uint64_t kLowestAddress = 65536;            // nothing is ever mapped below (vm.mmap_min_addr)
inline constexpr std::uint64_t kAddressEnd = std::uint64_t{1} << 47;  // nor at or above

template <typename System>
struct Condition {
  const char* what;
  typename System::Bool holds;
};

// Ranges of at least one byte each, that end below 2^64.
template <typename Word>
auto Disjoint(Word start, Word length, Word other_start, Word other_length) {
  return start + length <= other_start || other_start + other_length <= start;
}

inline bool IsMultiple(std::uint64_t x, std::uint64_t unit) { return x % unit == 0; }

// [start, start + length) is not empty and lies inside [low, high).
template <typename Word>
auto Inside(Word start, Word length, Word low, Word high) {
  return low <= start && start < high && length != 0 && length <= high - start;
}

// The books have a live block at the address, with at least so many usable bytes.
template <typename System>
auto IsLive(const Heap<System>& heap, typename System::Word address, typename System::Word bytes) {
  typename System::Bool live(false);
  for (const auto& b : heap.blocks) live = live || (b.is_ours && b.start == address && bytes <= b.length);
  for (const auto& m : heap.mappings)
    live = live || (m.is_live && m.block == address && bytes <= m.start + m.length - m.block);
  return live;
}

template <typename System>
void AddBlocks(const Heap<System>& heap, std::vector<Condition<System>>& all) {
  auto free_from = heap.base;
  for (const Block<System>& block : heap.blocks) {
    all.push_back({"every block lies inside the heap", Inside(block.start, block.length, heap.base, heap.end)});
    all.push_back({"blocks are sorted and do not overlap", free_from <= block.start});
    all.push_back({"blocks start and end at multiples of 16",
                   !block.is_ours || (IsMultiple(block.start, kUnit) && IsMultiple(block.length, kUnit))});
    free_from = block.start + block.length;
  }
}

template <typename System>
void AddMappings(const Heap<System>& heap, std::vector<Condition<System>>& all) {
  for (std::size_t i = 0; i < heap.mappings.size(); ++i) {
    const Mapping<System>& m = heap.mappings[i];
    all.push_back({"a mapping is whole pages of user space",
                   Inside(m.start, m.length, typename System::Word(kLowestAddress), typename System::Word(kAddressEnd)) &&
                       IsMultiple(m.start, kPageBytes) && IsMultiple(m.length, kPageBytes)});
    all.push_back({"a block starts inside its mapping, at a page",
                   m.start <= m.block && m.block < m.start + m.length && IsMultiple(m.block, kPageBytes)});
    all.push_back({"no mapping overlaps the heap",
                   heap.base == heap.end || Disjoint(m.start, m.length, heap.base, heap.end - heap.base)});
    for (std::size_t j = 0; j < i; ++j)
      all.push_back({"mappings do not overlap",
                     Disjoint(m.start, m.length, heap.mappings[j].start, heap.mappings[j].length)});
  }
}

template <typename System>
std::vector<Condition<System>> Invariant(const Heap<System>& heap, const Policy& policy) {
  std::vector<Condition<System>> all;
  all.push_back({"the heap lies in user space",
                 kLowestAddress <= heap.base && heap.base <= heap.end && heap.end < kAddressEnd});
  all.push_back({"the threshold stays between its first value and its maximum",
                 policy.threshold <= heap.mmap_threshold && heap.mmap_threshold <= policy.max_threshold});
  all.push_back({"the trim threshold is twice the threshold, but for the first",
                 heap.trim_threshold == heap.mmap_threshold + heap.mmap_threshold ||
                     (heap.mmap_threshold == policy.threshold && heap.trim_threshold == policy.threshold)});
  AddBlocks(heap, all);
  AddMappings(heap, all);
  return all;
}

}  // namespace breakproof::model::reference
