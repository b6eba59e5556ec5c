#include "harness/case/case_binary.h"

#include <array>

namespace breakproof::harness {
namespace {

using model::Entry;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

// Many small ones: a byte drawn at random should mostly ask for something cheap.
constexpr std::array<std::uint64_t, 64> kBoundaries = {
    0,          16,         24,         32,          48,          64,          80,          96,
    112,        128,        160,        192,         224,         256,         320,         384,
    448,        512,        640,        768,         896,         1 * kKiB,    1280,        1536,
    2 * kKiB,   2560,       3 * kKiB,   4 * kKiB,    5 * kKiB,    6 * kKiB,    7 * kKiB,    8 * kKiB,
    10 * kKiB,  12 * kKiB,  14 * kKiB,  16 * kKiB,   20 * kKiB,   24 * kKiB,   28 * kKiB,   32 * kKiB,
    40 * kKiB,  48 * kKiB,  64 * kKiB,  80 * kKiB,   96 * kKiB,   112 * kKiB,  128 * kKiB,  132 * kKiB,
    160 * kKiB, 192 * kKiB, 256 * kKiB, 512 * kKiB,  1 * kMiB,    2 * kMiB,    4 * kMiB,    8 * kMiB,
    1ull << 47, 1ull << 62, SIZE_MAX,   PTRDIFF_MAX, SIZE_MAX / 2 + 1, SIZE_MAX - 65536, SIZE_MAX - 4096, 1ull << 63};

// Products that wrap are reached by a huge size and a count above 1.
constexpr std::array<std::uint64_t, 8> kCounts = {1, 1, 1, 2, 3, 7, 0, SIZE_MAX / 16 + 1};

std::uint64_t AlignmentOf(std::uint8_t byte) {
  // Up to 32 KiB; one in eight is something no entry point is made for.
  if (byte % 8 != 7) return 1ull << (byte / 8 % 16);
  constexpr std::array<std::uint64_t, 8> kWild = {0, 3, 24, 100, 1ull << 22, 1ull << 34, 1ull << 48, 1ull << 63};
  return kWild[byte / 8 % 8];
}

Operation DecodeOperation(const std::uint8_t* bytes) {
  constexpr int kKinds = model::kEntryCount + 2;
  Operation operation;
  const int kind = bytes[0] % kKinds;
  const Slot slot = bytes[1] & 63;
  operation.thread = bytes[1] >> 6;
  if (kind == model::kEntryCount || (kind == model::kEntryCount + 1 && operation.thread == 0)) {
    operation.kind = OperationKind::kCheck;
    return operation;
  }
  if (kind == model::kEntryCount + 1) {
    operation.kind = OperationKind::kThreadExit;
    return operation;
  }
  operation.entry = static_cast<Entry>(kind);
  if (ReadsSlot(operation.entry)) operation.argument = slot;
  if (!AssignsSlot(operation.entry)) return operation;
  operation.result = slot;
  const auto distance = static_cast<std::int16_t>(bytes[3] | bytes[4] << 8);
  operation.size = kBoundaries[bytes[2] % kBoundaries.size()] + static_cast<std::uint64_t>(std::int64_t{distance});
  if (TakesCount(operation.entry)) operation.count = kCounts[bytes[5] % kCounts.size()];
  if (TakesAlignment(operation.entry)) operation.alignment = AlignmentOf(bytes[5]);
  return operation;
}

}  // namespace

Case DecodeCase(const std::uint8_t* data, std::size_t size) {
  Case c;
  for (; size >= kBytesAnOperation; data += kBytesAnOperation, size -= kBytesAnOperation) {
    c.operations.push_back(DecodeOperation(data));
  }
  Operation check;
  check.kind = OperationKind::kCheck;
  c.operations.push_back(check);
  NameSlots(&c);
  return c;
}

}  // namespace breakproof::harness
