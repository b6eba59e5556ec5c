// A small random sequence, the same everywhere (splitmix64).
#pragma once

#include <cstdint>

namespace breakproof::bench {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

  // 0 to limit - 1; limit is at least 1 and below 2^32.
  std::uint64_t Below(std::uint64_t limit) { return ((Next() >> 32) * limit) >> 32; }

  // low to high, both included.
  std::uint64_t Between(std::uint64_t low, std::uint64_t high) { return low + Below(high - low + 1); }

  // Between low and 2^octaves * low, every octave as likely as any other: small sizes are frequent, large ones occur.
  std::uint64_t Octaves(std::uint64_t low, unsigned octaves) {
    const std::uint64_t base = low << Below(octaves);
    return base + Below(base);
  }

 private:
  std::uint64_t state_;
};

}  // namespace breakproof::bench
