// The memory calls that a subject made of the kernel while it performed a case.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "model/policy/kernel_call.h"

namespace breakproof::harness {

struct LogRecord {
  std::uint32_t operation;  // index
  std::int32_t error;       // errno, 0 if the call succeeded
  model::KernelCall call;
  std::uint64_t result;     // what the system call returned; brk: the break it left
};
static_assert(std::is_trivially_copyable_v<LogRecord> && sizeof(LogRecord) == 56);

// What was written down while a worker performed a case; no calls where some were not seen.
struct KernelLog {
  std::span<const LogRecord> calls = {};  // in order
  std::uint64_t initial_break = 0;
  std::uint64_t harness_begin = 0;        // memory in the worker that no subject may touch; empty if not known
  std::uint64_t harness_end = 0;
};

}  // namespace breakproof::harness
