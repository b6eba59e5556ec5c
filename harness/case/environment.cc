#include "harness/case/environment.h"

#include "harness/case/number_text.h"

namespace breakproof::harness {

Environment DecodeEnvironment(const std::uint8_t* data, std::size_t size) {
  std::uint8_t bytes[kEnvironmentBytes] = {};
  for (std::size_t i = 0; i < size && i < kEnvironmentBytes; ++i) bytes[i] = data[i];
  Environment environment;
  // Two refusals: kind and number; the top bit of the number makes it last.
  for (int i = 0; i < 2; ++i) {
    const std::uint8_t kind = bytes[2 * i] % 8;
    if (kind == 0) continue;
    Refusal refusal;
    refusal.any_type = kind == 7;
    refusal.type = static_cast<CallType>((kind - 1) % kCallTypes);  // kBreak with any_type, as text has it
    refusal.call = 1 + (bytes[2 * i + 1] & 127);
    refusal.onwards = bytes[2 * i + 1] >> 7 != 0;
    environment.refusals.push_back(refusal);
  }
  constexpr std::uint64_t kGaps[] = {0, 0, 0, 0, 1, 4096, 10000, 65536};
  environment.gap_before_growth = kGaps[bytes[4] % 8];
  if (bytes[5] != 0) environment.break_room = (bytes[5] - 1) * std::uint64_t{16384};
  return environment;
}

std::string PrintEnvironment(const Environment& environment) {
  std::string text = "kernel ";
  for (const Refusal& refusal : environment.refusals) {
    const int type = refusal.any_type ? kCallTypes : static_cast<int>(refusal.type);
    text += std::string(" refuse=") + NameOfCallType(type) + "@" + PrintNumber(refusal.call) + (refusal.onwards ? "+" : "");
  }
  if (environment.gap_before_growth != 0) text += " gap=" + PrintNumber(environment.gap_before_growth);
  if (environment.break_room) text += " room=" + PrintNumber(*environment.break_room);
  if (environment.has_cxx_runtime) text += " runtime=cxx";
  return text;
}

namespace {

// "mmap@2" or "brk@5+"
bool ParseRefusal(std::string_view text, Environment* environment) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return false;
  const auto type = ParseCallType(text.substr(0, at));
  text.remove_prefix(at + 1);
  Refusal refusal;
  refusal.onwards = text.ends_with('+');
  if (refusal.onwards) text.remove_suffix(1);
  const auto call = ParseNumber(text);
  if (!type || !call || *call == 0) return false;
  refusal.any_type = *type == kCallTypes;
  refusal.type = static_cast<CallType>(*type % kCallTypes);
  refusal.call = *call;
  environment->refusals.push_back(refusal);
  return true;
}

}  // namespace

Environment ParseEnvironment(std::string_view line) {
  Environment environment;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    ParseEnvironmentWord(line.substr(0, end), &environment);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return environment;
}

bool ParseEnvironmentWord(std::string_view word, Environment* environment) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  if (name == "refuse") return ParseRefusal(value, environment);
  if (name == "runtime") return environment->has_cxx_runtime = true, value == "cxx";
  const auto number = ParseNumber(value);
  if (!number) return false;
  if (name == "gap") return environment->gap_before_growth = *number, *number <= kMaxGap;
  if (name == "room") return environment->break_room = *number, true;
  return false;
}

}  // namespace breakproof::harness
