#include "harness/judge/repetition.h"

#include <utility>

namespace breakproof::harness {
namespace {

// Rounds smaller than this are not judged: what they might lose hides in what the subject keeps for itself.
constexpr std::uint64_t kSmallestRound = 64 << 10;  // bytes

std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) { return (hash ^ value) * 0x9e3779b97f4a7c15 >> 1; }

// Everything but the slots, whose names are not the subject's business.
std::uint64_t Add(std::uint64_t signature, const Operation& operation) {
  for (const std::uint64_t part : {static_cast<std::uint64_t>(operation.kind), static_cast<std::uint64_t>(operation.entry),
                                   static_cast<std::uint64_t>(operation.thread), operation.size, operation.count,
                                   operation.alignment}) {
    signature = Mix(signature, part);
  }
  return signature;
}

}  // namespace

std::optional<model::Violation> Repetition::Observe(const Operation& operation, std::uint64_t live_blocks,
                                                    std::uint64_t footprint) {
  signature_ = Add(signature_, operation);
  if (operation.kind == OperationKind::kCall && AssignsSlot(operation.entry)) {
    asked_for_ += operation.size * operation.count;  // wraps where the call fails: nothing is lost then
    is_aligned_ |= TakesAlignment(operation.entry) || operation.entry == model::Entry::kValloc ||
                   operation.entry == model::Entry::kPvalloc;
  }
  if (live_blocks != 0) return std::nullopt;
  const std::uint64_t round = std::exchange(signature_, 0);
  const std::uint64_t asked_for = std::exchange(asked_for_, 0);
  const bool is_aligned = std::exchange(is_aligned_, false);
  equal_rounds_ = round == std::exchange(last_signature_, round) ? equal_rounds_ + 1 : 1;
  if (equal_rounds_ == kRoundsToSettle) settled_footprint_ = footprint;
  if (equal_rounds_ != kRounds || is_aligned || asked_for < kSmallestRound || asked_for > INT64_MAX) return std::nullopt;
  ++judged_;
  // Losing an eighth of what is asked for, every time, is no accident.
  const std::uint64_t bound = settled_footprint_ + (kRounds - kRoundsToSettle) * (asked_for / 8);
  if (footprint <= bound) return std::nullopt;
  return model::Violation{
      model::RuleId::kH12,
      "at most " + std::to_string(bound) + " bytes are held of the kernel after round " + std::to_string(kRounds) +
          " of the same requests, all freed, as " + std::to_string(settled_footprint_) + " were after round " +
          std::to_string(kRoundsToSettle),
      std::to_string(footprint)};
}

}  // namespace breakproof::harness
