// A set of addresses, kept as disjoint ranges.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace breakproof::harness {

class AddressSet {
 public:
  void Add(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    Remove(begin, end);
    total_ += end - begin;
    // With its neighbours it is one range.
    const auto above = ranges_.find(end);
    if (above != ranges_.end()) {
      end = above->second;
      ranges_.erase(above);
    }
    const auto below = ranges_.lower_bound(begin);
    if (below != ranges_.begin() && std::prev(below)->second == begin) {
      std::prev(below)->second = end;
    } else {
      ranges_[begin] = end;
    }
  }

  void Remove(std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    auto range = ranges_.upper_bound(begin);
    if (range != ranges_.begin() && std::prev(range)->second > begin) --range;
    while (range != ranges_.end() && range->first < end) {
      const auto [first, last] = *range;
      range = ranges_.erase(range);
      total_ -= std::min(last, end) - std::max(first, begin);
      if (first < begin) ranges_[first] = begin;
      if (last > end) range = ranges_.emplace(end, last).first;
    }
  }

  bool Touches(std::uint64_t begin, std::uint64_t end) const {
    auto range = ranges_.upper_bound(begin);
    if (range != ranges_.begin() && std::prev(range)->second > begin) return begin < end;
    return range != ranges_.end() && range->first < end;
  }

  // Whether every address of the range is in it.
  bool Covers(std::uint64_t begin, std::uint64_t end) const {
    const auto range = ranges_.upper_bound(begin);
    return begin >= end || (range != ranges_.begin() && std::prev(range)->second >= end);
  }

  // Calls visit(from, to) for what it has of the range, in ascending order.
  template <typename Visit>
  void ForEachIn(std::uint64_t begin, std::uint64_t end, Visit visit) const {
    auto range = ranges_.upper_bound(begin);
    if (range != ranges_.begin() && std::prev(range)->second > begin) --range;
    for (; range != ranges_.end() && range->first < end; ++range) {
      visit(std::max(range->first, begin), std::min(range->second, end));
    }
  }

  std::uint64_t total() const { return total_; }  // bytes

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end
  std::uint64_t total_ = 0;
};

}  // namespace breakproof::harness
