// The log that the recorder library writes, one file a process: RecorderHeader, then `limit` events.
//
// Included by the recorder, which may use no library but libc.
#pragma once

#include <atomic>
#include <cstdint>

#include "model/heap/entry.h"

namespace breakproof::tools {

inline constexpr char kRecorderMagic[16] = "breakproof-rec1";
inline constexpr char kRecorderFolderVariable[] = "BREAKPROOF_RECORD_FOLDER";
inline constexpr char kRecorderLimitVariable[] = "BREAKPROOF_RECORD_LIMIT";

enum class EventKind : std::uint8_t {
  kNone,          // reserved, but the process ended before it was written
  kAllocated,     // written after the call
  kFreed,         // written before the call, so that the address cannot come back earlier in the log
  kReallocBegins, // before: `argument` is no longer known under its address
  kReallocEnds,   // after: `begins` is the index of the event above
};

struct Event {
  std::atomic<EventKind> kind;  // written last
  model::Entry entry;
  std::uint16_t thread;         // 0 is the first that allocated
  std::uint32_t begins;
  std::uint64_t size;           // bytes; the element's for calloc and reallocarray
  std::uint64_t other;          // count or alignment
  std::uint64_t address;        // the result; for kFreed and kReallocBegins the argument
};
static_assert(sizeof(Event) == 32);

struct RecorderHeader {
  char magic[16];
  char program[64];                 // short name
  std::uint64_t limit;              // events there is room for
  std::atomic<std::uint64_t> next;  // events reserved; may exceed the limit
  std::atomic<std::uint32_t> threads;
};

inline constexpr std::uint64_t kRecorderHeaderBytes = 128;
static_assert(sizeof(RecorderHeader) <= kRecorderHeaderBytes);

}  // namespace breakproof::tools
