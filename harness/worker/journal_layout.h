// The journal: a file, mapped by the command and by its worker, that holds a whole case before its first
// operation is performed and what was seen of each operation as it was.
//
// It survives the death of both. Layout: JournalHeader, then `capacity` operations, then `capacity`
// outcomes, each part starting at a multiple of 64 bytes.
#pragma once

#include <cstdint>
#include <type_traits>

#include "harness/case/operation/operation.h"
#include "harness/case/operation/outcome.h"

namespace breakproof::harness {

inline constexpr char kJournalMagic[16] = "breakproof-jrnl";
inline constexpr std::uint32_t kJournalVersion = 5;

inline constexpr std::uint32_t kNever = UINT32_MAX;

enum class WorkerState : std::uint32_t {
  kPrepared,     // written by the command: the case is complete
  kRunning,      // the worker has begun
  kFinished,     // every operation was performed
  kNoThread,     // a thread could not be started
};

struct JournalHeader {
  char magic[16];
  std::uint32_t version;
  std::uint32_t capacity;         // operations the file has room for
  std::uint32_t operation_count;
  std::uint32_t slot_count;
  volatile std::uint32_t progress;   // index of the operation being performed
  volatile WorkerState state;
  // Written by the worker before the first operation:
  std::uint64_t initial_break;    // address
  std::uint32_t foreign_entries;  // bit e: model::Entry e is not provided by the library that has malloc
  std::uint32_t has_usable_size;  // malloc_usable_size works on the subject's blocks
  std::uint32_t malloc_is_libcs;  // malloc is libc's own
  char provider[256];             // path of the library that has malloc
  std::uint32_t is_placed_at_random;  // the subject had taken part of the break, at an address drawn at random
  // Stepping: once `first_stop` operations were performed the worker stops after each, until the command lets
  // it go on. Both words are futexes; operations are counted, so 0 is before the first.
  std::uint32_t first_stop;           // kNever: it runs through
  volatile std::uint32_t stopped;     // operations performed where it stops, plus 1; 0: it has not stopped yet
  volatile std::uint32_t may_pass;    // stops below this number of operations are over
  std::uint32_t announced;            // for debuggers: the operation before which breakproof_guilty_is_next is called
  std::uint32_t has_operators;          // C++'s new and delete are the subject's; otherwise what libstdc++'s would call is called
  std::uint32_t has_aligned_operators;  // the same for those with an alignment
  char kernel[120];               // the case's kernel line, ended by 0; empty if it does not fit
};
static_assert(std::is_trivially_copyable_v<JournalHeader>);

inline constexpr std::uint64_t kJournalHeaderBytes = 512;
static_assert(sizeof(JournalHeader) <= kJournalHeaderBytes && kJournalHeaderBytes % 64 == 0);

constexpr std::uint64_t OperationsOffset() { return kJournalHeaderBytes; }
constexpr std::uint64_t OutcomesOffset(std::uint32_t capacity) {
  return (OperationsOffset() + capacity * sizeof(Operation) + 63) / 64 * 64;
}
constexpr std::uint64_t JournalBytes(std::uint32_t capacity) {
  return OutcomesOffset(capacity) + capacity * sizeof(Outcome);
}

}  // namespace breakproof::harness
