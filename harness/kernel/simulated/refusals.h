// Which calls of a subject the simulated kernel refuses.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace breakproof::harness {

enum class CallType : std::uint8_t { kBreak, kMmap, kMunmap, kMremap, kMprotect, kMadvise };
inline constexpr int kCallTypes = 6;

// "mmap@2" is {kMmap, 2, false}, "brk@5+" is {kBreak, 5, true}. With any_type the calls of all types are counted
// together. Calls count from 1. Queries (sbrk(0)) are neither counted nor refused: no kernel can refuse them.
struct Refusal {
  CallType type = CallType::kMmap;
  std::uint64_t call = 1;
  bool onwards = false;
  bool any_type = false;
};

// Counts calls and says which to refuse.
class RefusalPlan {
 public:
  void Add(const Refusal& refusal) { refusals_.push_back(refusal); }
  void Clear() { *this = {}; }

  // Counts one call of the subject; true if it is to be refused.
  bool Next(CallType type) {
    const std::uint64_t of_type = ++counts_[static_cast<std::size_t>(type)];
    const std::uint64_t of_all = ++total_;
    bool refuse = false;
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
  std::vector<Refusal> refusals_;
  std::array<std::uint64_t, kCallTypes> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace breakproof::harness
