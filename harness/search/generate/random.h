// A seeded source of choices. The standard's distributions differ between libraries; these do not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

namespace breakproof::harness {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // An independent source for the n-th part of something.
  static Random ForPart(std::uint64_t seed, std::uint64_t n) {
    Random mixer(seed ^ (n * 0xd1342543de82ef95 + 0x632be59bd9b4e019));
    return Random(mixer.Next());
  }

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // In [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }

  // In [low, high].
  std::uint64_t Between(std::uint64_t low, std::uint64_t high) { return low + Below(high - low + 1); }

  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

  template <typename T>
  const T& Pick(std::span<const T> choices) {
    return choices[Below(choices.size())];
  }
  template <typename T>
  T Pick(std::initializer_list<T> choices) {
    return choices.begin()[Below(choices.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace breakproof::harness
