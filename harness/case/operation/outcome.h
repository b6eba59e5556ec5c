// What was seen when one operation was performed, as plain data shared between processes.
#pragma once

#include <cerrno>
#include <cstdint>
#include <type_traits>

#include "harness/case/operation/operation.h"
#include "model/heap/entry.h"

namespace breakproof::harness {

// How far an operation got. A crash is explained by the stage it happened in.
enum class Stage : std::uint8_t {
  kNotStarted,
  kReadingBytes,   // looking at bytes of blocks before the call
  kAskingUsableBefore,  // inside malloc_usable_size of the argument, before the call
  kCalling,        // inside the subject
  kAskingUsable,   // inside malloc_usable_size of the result
  kInspecting,     // reading the result's payload: zeroes, kept prefix
  kWritingPayload, // filling what the caller asked for
  kWritingSlack,   // filling the rest of the usable size
  kDone,
};

// What was wrong with bytes, if anything. At most one finding an operation, the first.
enum class Finding : std::uint8_t {
  kNone,
  kPayloadChanged,       // a live block's payload, before the call
  kSlackChanged,         // a live block between payload and usable size, before the call
  kUsableChanged,        // malloc_usable_size differs from what it was; `actual` and `expected` are sizes
  kNotZero,              // calloc's result
  kPrefixLost,           // realloc's result differs from the old payload
  kChangedByFailedCall,  // the old block after a failed realloc
  kNotWritten,           // what was written into a live block is not what was read back
  kChildFailed,          // the child of a fork: `actual` is its wait status, 0 expected
};

struct Outcome {
  std::uint64_t address = 0;    // returned pointer; 0 is NULL
  std::uint64_t argument = 0;   // pointer passed in, 0 if none
  std::uint64_t usable = 0;     // malloc_usable_size of the result (or of the argument, for that call); 0: not asked
  int status = 0;               // posix_memalign's or mallopt's return value
  int errno_after = 0;
  Stage stage = Stage::kNotStarted;
  Finding finding = Finding::kNone;
  // What the kernel did during the call, where it was watched (H14).
  model::KernelDuringCall kernel = model::KernelDuringCall::kNotWatched;
  std::uint32_t block = 0;      // finding: index of the operation that made the block
  std::uint64_t offset = 0;     // finding: byte offset in the block
  std::uint64_t expected = 0;   // finding: byte (or size) expected ...
  std::uint64_t actual = 0;     // ... and seen
};
static_assert(std::is_trivially_copyable_v<Outcome> && sizeof(Outcome) == 64,
              "one cache line, stored in the journal as it is");

// errno before most calls: no call sets it by accident.
inline constexpr int kErrnoSentinel = 4000;

// errno before a call. Programs come with whatever the last failure left there, or with 0, so some calls do: which, is a
// matter of the size that is asked for, and with a free of the thread.
constexpr int ErrnoBefore(const Operation& operation) {
  const std::uint64_t draw = (AssignsSlot(operation.entry) ? operation.size : operation.thread) % 8;
  return draw == 5 ? ENOMEM : draw == 3 ? 0 : kErrnoSentinel;
}

}  // namespace breakproof::harness
