#include "harness/search/generate/sizes.h"

#include <algorithm>

namespace breakproof::harness {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kPage = 4096;

// A boundary, or a little to either side of it: headers of 8, 16 and 32 bytes make boundaries of their own.
std::uint64_t Near(Random& random, std::uint64_t boundary) {
  const std::uint64_t distance = random.Pick<std::uint64_t>({0, 0, 1, 1, 1, 7, 8, 9, 15, 16, 17, 24, 32, 33});
  return random.OneIn(2) ? boundary + distance : boundary - std::min(boundary, distance);
}

// 2^k times 4/4, 5/4, 6/4 or 7/4, where size classes commonly end; exponents in [low, high].
std::uint64_t GeometricBoundary(Random& random, unsigned low, unsigned high) {
  const std::uint64_t power = 1ull << random.Between(low, high);
  return power / 4 * random.Between(4, 7);
}

// Megabytes are rare: one block of 32 MiB costs as much as ten thousand small ones, and few things happen there only.
constexpr std::uint64_t kSeldom = 8;

std::uint64_t LargePower(Random& random) {
  return 1ull << (random.OneIn(kSeldom) ? random.Between(22, 25) : random.Between(16, 21));
}

std::uint64_t ThresholdBoundary(Random& random) {
  if (random.OneIn(4 * kSeldom)) return 32 * kMiB;  // the threshold's maximum
  return random.Pick<std::uint64_t>({
      64 * kKiB,            // glibc's consolidation size, many allocators' small limit
      128 * kKiB,           // M_MMAP_THRESHOLD and M_TRIM_THRESHOLD at first
      128 * kKiB - 24,      // the same less glibc's header
      132 * kKiB,           // glibc's wholesale unit
      256 * kKiB, 512 * kKiB, 1 * kMiB, 2 * kMiB, 4 * kMiB,
  });
}

}  // namespace

std::uint64_t PickSmallSize(Random& random) {
  switch (random.Below(8)) {
    case 0: return random.Below(17);
    case 1: return random.Below(129);
    case 2:
    case 3: return random.Between(1, 64) * 16 - random.Below(3) + 1;
    case 4: return random.Between(1, 1024);
    default: return Near(random, GeometricBoundary(random, 4, 12));
  }
}

std::uint64_t PickSize(Random& random) {
  const std::uint64_t draw = random.Below(100);
  if (draw < 60) return PickSmallSize(random);
  if (draw < 75) return Near(random, GeometricBoundary(random, 10, 15));
  if (draw < 84) return Near(random, random.Between(1, 64) * kPage);
  if (draw < 92) return Near(random, 1ull << random.Between(10, 20));
  if (draw < 97) return Near(random, ThresholdBoundary(random));
  return PickLargeSize(random);
}

std::uint64_t PickLargeSize(Random& random) {
  switch (random.Below(8)) {
    case 0: return Near(random, LargePower(random));
    case 1: return Near(random, random.Between(16, 2048) * kPage);
    case 2: {  // any length, uniform in its logarithm
      const std::uint64_t power = LargePower(random);
      return power + random.Below(power);
    }
    case 3:
    case 4: return Near(random, ThresholdBoundary(random));
    default: return random.Between(128 * kKiB, 1 * kMiB) | 1;  // odd, just above the first threshold
  }
}

std::uint64_t PickAbsurdSize(Random& random) {
  const std::uint64_t distance =
      random.Pick<std::uint64_t>({0, 1, 7, 8, 15, 16, 31, 63, 64, 255, 4095, 4096, 4097, 65535, 65536, 1u << 24});
  switch (random.Below(5)) {
    case 0: return SIZE_MAX - distance;
    case 1: return PTRDIFF_MAX - distance;
    case 2: return PTRDIFF_MAX + 1ull + distance;
    case 3: return 1ull << random.Between(47, 63);
    default: return (1ull << random.Between(48, 63)) - 1 - distance;
  }
}

std::uint64_t PickAlignment(Random& random) {
  const std::uint64_t draw = random.Below(20);
  if (draw < 12) return 1ull << random.Between(3, 10);
  if (draw < 17) return 1ull << random.Between(10, 13);
  return 1ull << random.Between(0, 22);
}

std::uint64_t PickWildAlignment(Random& random) {
  switch (random.Below(6)) {
    case 0: return 0;
    case 1: return random.Below(100);                              // mostly not a power of two
    case 2: return 1ull << random.Between(22, 34);                 // huge, but possible
    case 3: return 1ull << random.Between(35, 63);                 // beyond any address
    case 4: return (1ull << random.Between(4, 63)) + random.Pick<std::uint64_t>({1, 8, SIZE_MAX});
    default: return PickAlignment(random);
  }
}

}  // namespace breakproof::harness
