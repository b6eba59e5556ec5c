#include "harness/production/environment.h"

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
    refusal.type = static_cast<CallType>((kind - 1) % kCallTypes);
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
  constexpr const char* kNames[kCallTypes] = {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise"};
  std::string text = "kernel ";
  for (const Refusal& refusal : environment.refusals) {
    text += std::string(" refuse=") + (refusal.any_type ? "any" : kNames[static_cast<int>(refusal.type)]) + "@" +
            std::to_string(refusal.call) + (refusal.onwards ? "+" : "");
  }
  if (environment.gap_before_growth != 0) text += " gap=" + std::to_string(environment.gap_before_growth);
  if (environment.break_room) text += " room=" + std::to_string(*environment.break_room);
  return text;
}

}  // namespace breakproof::harness
