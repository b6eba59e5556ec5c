#include "harness/case/number_text.h"

#include <charconv>
#include <utility>

#include "harness/case/operation/refusal.h"

namespace breakproof::harness {

std::optional<std::uint64_t> ParsePlainNumber(std::string_view word) {
  std::uint64_t unit = 1;
  if (!word.empty()) {
    if (word.back() == 'K') unit = 1 << 10;
    if (word.back() == 'M') unit = 1 << 20;
    if (word.back() == 'G') unit = 1 << 30;
    if (unit != 1) word.remove_suffix(1);
  }
  const int base = word.starts_with("0x") ? 16 : 10;
  if (base == 16) word.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (problem != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (__builtin_mul_overflow(value, unit, &value)) return std::nullopt;
  return value;
}

std::string PrintNumber(std::uint64_t value) {
  constexpr std::uint64_t kNear = 1ull << 32;  // closer than this, the distance says more than the number
  if (SIZE_MAX - value < kNear) {
    return value == SIZE_MAX ? "SIZE_MAX" : "SIZE_MAX-" + std::to_string(SIZE_MAX - value);
  }
  constexpr std::uint64_t kMiddle = PTRDIFF_MAX;
  if (value > kMiddle - kNear && value <= kMiddle) {
    return value == kMiddle ? "PTRDIFF_MAX" : "PTRDIFF_MAX-" + std::to_string(kMiddle - value);
  }
  if (value > kMiddle && value < kMiddle + kNear) return "PTRDIFF_MAX+" + std::to_string(value - kMiddle);
  return std::to_string(value);
}

std::optional<std::uint64_t> ParseNumber(std::string_view word) {
  for (const auto& [name, base] : {std::pair<std::string_view, std::uint64_t>{"SIZE_MAX", SIZE_MAX},
                                   {"PTRDIFF_MAX", PTRDIFF_MAX}}) {
    if (!word.starts_with(name)) continue;
    const std::string_view rest = word.substr(name.size());
    if (rest.empty()) return base;
    const auto distance = ParsePlainNumber(rest.substr(1));
    if (!distance || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
    return rest[0] == '+' ? base + *distance : base - *distance;
  }
  return ParsePlainNumber(word);
}

std::optional<int> ParseCallType(std::string_view word) {
  for (int type = 0; type <= kCallTypes; ++type) {
    if (word == NameOfCallType(type)) return type;
  }
  return std::nullopt;
}

}  // namespace breakproof::harness
