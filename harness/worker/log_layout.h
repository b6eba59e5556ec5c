// The log of a monitored worker: a memory file, mapped by the command and by its worker, that tells which
// memory calls the subject made in which operation, and which of them are to be refused.
//
// Layout: LogHeader, then `capacity` records.
#pragma once

#include <cstdint>
#include <type_traits>

#include "harness/case/operation/kernel_log.h"
#include "harness/case/operation/refusal.h"
#include "model/policy/kernel_call.h"

namespace breakproof::harness {

inline constexpr std::uint32_t kLogVersion = 2;

// Calls of one kind that the monitor answers with failure instead of passing them on. Counted from 1, queries
// of the break included. "mmap@2" is {2, 2}, "brk@5+" {5, UINT32_MAX}.
struct RefusedCalls {
  std::uint32_t first = 0;  // 0: none
  std::uint32_t last = 0;   // inclusive; UINT32_MAX: all from `first` on
};

// A case's refusals name types of calls; both enumerations are the same list.
static_assert(kCallTypes == model::kKernelCallKindCount);
inline constexpr std::uint32_t kMostRefusals = 8;  // of a case's kernel line

struct LogHeader {
  // Written by the command:
  std::uint32_t version;
  std::uint32_t capacity;  // records
  RefusedCalls refusals[model::kKernelCallKindCount];
  std::uint32_t plan_count;
  std::uint32_t has_room;
  std::uint64_t room;             // bytes the break can grow before it meets a mapping
  Refusal plan[kMostRefusals];    // of the case: queries are not counted
  // Written by the worker:
  std::uint32_t is_armed;         // 1: calls are trapped
  std::int32_t arm_errno;         // why not, if not
  volatile std::uint32_t count;   // records written
  std::uint32_t lost;             // calls for which there was no room, or that could not be watched
  std::uint32_t seen[model::kKernelCallKindCount];  // calls so far, refused ones included
  std::uint64_t harness_begin;    // the largest area that the harness mapped in the worker
  std::uint64_t harness_end;
  std::uint64_t changes[model::kKernelCallKindCount + 1];  // the same without queries; the last: of all types
  std::uint64_t refuse_next[model::kKernelCallKindCount + 1];  // still to refuse on a `refuse` operation's behalf
};
static_assert(std::is_trivially_copyable_v<LogHeader>);

inline constexpr std::uint64_t kLogHeaderBytes = 512;
static_assert(sizeof(LogHeader) <= kLogHeaderBytes);

constexpr std::uint64_t LogBytes(std::uint32_t capacity) {
  return kLogHeaderBytes + capacity * sizeof(LogRecord);
}

}  // namespace breakproof::harness
