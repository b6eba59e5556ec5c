// Counts the calls of a subject on the simulated kernel, and says which are refused.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "harness/case/operation/refusal.h"

namespace breakproof::harness {

// Counts calls and says which to refuse.
class RefusalPlan {
 public:
  void Add(const Refusal& refusal) { refusals_.push_back(refusal); }
  void Clear() { *this = {}; }

  // The next `count` calls of the type are refused, whatever the plan says; of any type with `any_type`. 0 ends that.
  void RefuseNext(CallType type, bool any_type, std::uint64_t count) {
    next_[any_type ? kCallTypes : static_cast<std::size_t>(type)] = count;
  }

  // From here on nothing is refused. Calls are counted on.
  void RefuseNothing() {
    refusals_.clear();
    next_ = {};
  }

  // Counts one call of the subject; true if it is to be refused.
  bool Next(CallType type) {
    const std::uint64_t of_type = ++counts_[static_cast<std::size_t>(type)];
    const std::uint64_t of_all = ++total_;
    bool refuse = TakeOne(static_cast<std::size_t>(type)) || TakeOne(kCallTypes);
    for (const Refusal& refusal : refusals_) {
      const std::uint64_t count = refusal.any_type ? of_all : of_type;
      const bool concerned = refusal.any_type || refusal.type == type;
      refuse |= concerned && (count == refusal.call || (refusal.onwards && count > refusal.call));
    }
    return refuse;
  }

  std::uint64_t Count(CallType type) const { return counts_[static_cast<std::size_t>(type)]; }
  std::uint64_t Total() const { return total_; }

 private:
  bool TakeOne(std::size_t type) {
    if (next_[type] == 0) return false;
    if (next_[type] != UINT64_MAX) --next_[type];
    return true;
  }

  std::vector<Refusal> refusals_;
  std::array<std::uint64_t, kCallTypes + 1> next_{};  // still to refuse, by type; the last: of any
  std::array<std::uint64_t, kCallTypes> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace breakproof::harness
