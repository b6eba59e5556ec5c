// The identifiers of the kernel rules, and a counter of how often each was exercised.
//
// The rules themselves, with status and requirements, are the data file `kernel_rules.tsv` beside this
// header; a test checks that both list the same rules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace breakproof::model {

// clang-format off
#define BREAKPROOF_KERNEL_RULES(X) \
  X(B1) X(B2) X(B3) X(B4) X(B5) X(B6) X(B7) X(B8) X(B9) X(B10) X(B11) X(B12) X(B13) X(B14) X(B15) \
  X(B16) X(B17) X(B18) X(B19) X(B20) X(B21) X(B22) X(B23) X(B24) X(B25) X(B26) X(B27) X(B28) X(B29) \
  X(B40) X(B41) X(B42) X(B43) X(B44) X(B45) \
  X(M1) X(M2) X(M3) X(M4) X(M5) X(M6) X(M7) X(M8) X(M9) X(M10) X(M11) X(M12) X(M13) X(M14) X(M15) \
  X(M16) X(M17) X(M18) X(M19) X(M20) X(M21) X(M22) X(M23) X(M24) X(M25) X(M26) X(M27) X(M28) \
  X(M30) X(M31) X(M32) X(M33) X(M35) X(M36) X(M37) X(M38) X(M39) X(M40) X(M41) X(M42) X(M43) \
  X(M45) X(M46) X(M47) X(M48) X(M49) X(M50) X(M51) X(M52) X(M53) X(M54) X(M55) X(M56) X(M57) X(M58) \
  X(M60) X(M61) X(M62) X(M63) X(M64) X(M65) X(M66) \
  X(M70) X(M71) X(M72) X(M73) X(M74) X(M75) X(M76) X(M77) X(M78) X(M79) X(M80) X(M81) X(M82) \
  X(M85) X(M86) X(M87) X(M88) \
  X(C1) X(C2) X(C3) X(C4) X(C5) X(C6) X(C7) X(C8) X(C9) X(C10) X(C11) X(C12) X(C13) X(C14) X(C15) \
  X(L1) X(L2) X(L3) X(L4) X(L5) X(L6) X(L7) X(L8) X(L9) X(L10) X(L11) X(L12)

// Enumerators carry the rule's own name, so that a search for "B8" finds clause, code and test.
enum class Rule : std::uint8_t {
#define X(id) id,
  BREAKPROOF_KERNEL_RULES(X)
#undef X
};

inline constexpr std::string_view kRuleNames[] = {
#define X(id) #id,
    BREAKPROOF_KERNEL_RULES(X)
#undef X
};
// clang-format on

inline constexpr std::size_t kRuleCount = std::size(kRuleNames);

// How often each rule decided something that was then compared.
class RuleLog {
 public:
  void Hit(Rule rule) { ++counts_[static_cast<std::size_t>(rule)]; }
  std::uint64_t Count(std::size_t index) const { return counts_[index]; }
  void Add(const RuleLog& other) {
    for (std::size_t i = 0; i < kRuleCount; ++i) counts_[i] += other.counts_[i];
  }

 private:
  std::array<std::uint64_t, kRuleCount> counts_{};
};

}  // namespace breakproof::model
