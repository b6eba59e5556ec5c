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
    Remove(begin, end);
    if (begin < end) ranges_[begin] = end;
    total_ += begin < end ? end - begin : 0;
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

  std::uint64_t total() const { return total_; }  // bytes

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end
  std::uint64_t total_ = 0;
};

}  // namespace breakproof::harness
