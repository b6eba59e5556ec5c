// A packed trace: what the replaying workload maps and walks. A TraceHeader, then its operations.
//
// Little endian, as the machines that run it are. No library is needed to include this file.
#pragma once

#include <cstdint>
#include <type_traits>

namespace breakproof::bench {

inline constexpr char kTraceMagic[8] = {'b', 'p', 't', 'r', 'a', 'c', 'e', '1'};

struct TraceHeader {
  char magic[8];
  std::uint32_t operation_count;
  std::uint32_t slot_count;  // slots are numbered below it
};
static_assert(sizeof(TraceHeader) == 16 && std::is_trivially_copyable_v<TraceHeader>);

enum class TraceKind : std::uint8_t { kMalloc, kCalloc, kRealloc, kAligned, kFree };

struct TraceOperation {
  TraceKind kind;
  std::uint8_t alignment_log2;  // kAligned
  std::uint16_t unused;
  std::uint32_t slot;           // the block made, resized or freed; a slot without a block reads as NULL
  std::uint64_t size;           // bytes
};
static_assert(sizeof(TraceOperation) == 16 && std::is_trivially_copyable_v<TraceOperation>);

}  // namespace breakproof::bench
