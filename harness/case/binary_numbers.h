// The numbers that a case's binary form tells in a few bytes: those near boundaries where allocators change their ways.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace breakproof::harness {

namespace binary {
inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
}  // namespace binary

// Many small ones: a byte drawn at random should mostly ask for something cheap.
inline constexpr std::array<std::uint64_t, 64> kBoundaries = {
    0,          16,         24,         32,          48,          64,          80,          96,
    112,        128,        160,        192,         224,         256,         320,         384,
    448,        512,        640,        768,         896,         1024,        1280,        1536,
    2048,       2560,       3072,       4096,        5120,        6144,        7168,        8192,
    10240,      12288,      14336,      16384,       20480,       24576,       28672,       32768,
    40960,      49152,      65536,      81920,       98304,       114688,      131072,      135168,
    163840,     196608,     262144,     524288,      1 * binary::kMiB, 2 * binary::kMiB, 4 * binary::kMiB, 8 * binary::kMiB,
    1ull << 47, 1ull << 62, SIZE_MAX,   PTRDIFF_MAX, SIZE_MAX / 2 + 1, SIZE_MAX - 65536, SIZE_MAX - 4096, 32 * binary::kMiB};

// Elements. Products that wrap are reached by a huge size and a count above 1.
inline constexpr std::array<std::uint64_t, 32> kCounts = {
    1, 2, 3, 0, 4, 5, 6, 7, 8, 10, 16, 24, 32, 64, 100, 256,
    1000, 4096, 65536, 1ull << 20, 1ull << 31, 1ull << 32, (1ull << 32) + 1, 1ull << 33,
    1ull << 60, 1ull << 61, 1ull << 62, 1ull << 63, SIZE_MAX / 16 + 1, SIZE_MAX / 3 + 1, SIZE_MAX - 1, SIZE_MAX};

// Alignments that no entry point is made for; the powers of two come first.
inline constexpr std::array<std::uint64_t, 16> kWildAlignments = {
    0, 3, 5, 7, 12, 24, 100, 4095, 4097, (1ull << 22) - 1, (1ull << 34) + 8, (1ull << 48) - 1,
    (1ull << 63) - 1, (1ull << 63) + 1, SIZE_MAX - 1, SIZE_MAX};

struct SizeBytes {
  std::uint8_t boundary;
  std::int16_t distance;
};

constexpr std::uint64_t SizeOfBytes(std::uint8_t boundary, std::int16_t distance) {
  return kBoundaries[boundary % kBoundaries.size()] + static_cast<std::uint64_t>(std::int64_t{distance});
}

// By the nearest boundary; nothing if all are too far away.
constexpr std::optional<SizeBytes> BytesOfSize(std::uint64_t size) {
  std::optional<SizeBytes> best;
  std::int64_t least = INT16_MAX;
  for (std::size_t i = 0; i < kBoundaries.size(); ++i) {
    const auto distance = static_cast<std::int64_t>(size - kBoundaries[i]);
    if (distance > least || distance < -least) continue;
    if (best && (distance == least || distance == -least)) continue;
    least = distance < 0 ? -distance : distance;
    best = {static_cast<std::uint8_t>(i), static_cast<std::int16_t>(distance)};
  }
  return best;
}

constexpr std::uint64_t CountOfByte(std::uint8_t byte) { return kCounts[byte < kCounts.size() ? byte : byte % 4]; }

constexpr std::optional<std::uint8_t> ByteOfCount(std::uint64_t count) {
  for (std::size_t i = 0; i < kCounts.size(); ++i) {
    if (kCounts[i] == count) return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

// 0 to 63: that power of two; then the wild ones; the rest, 1 to 4096.
constexpr std::uint64_t AlignmentOfByte(std::uint8_t byte) {
  constexpr std::uint8_t kPowers = 64;
  if (byte < kPowers) return 1ull << byte;
  if (byte < kPowers + kWildAlignments.size()) return kWildAlignments[byte - std::size_t{kPowers}];
  return 1ull << byte % 13;
}

constexpr std::optional<std::uint8_t> ByteOfAlignment(std::uint64_t alignment) {
  for (int byte = 0; byte < 64 + static_cast<int>(kWildAlignments.size()); ++byte) {
    if (AlignmentOfByte(static_cast<std::uint8_t>(byte)) == alignment) return static_cast<std::uint8_t>(byte);
  }
  return std::nullopt;
}

}  // namespace breakproof::harness
