// One step of a case, as plain data shared between processes.
//
// Usable without any library: the worker process, which links nothing but libc, includes it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "harness/case/operation/content.h"
#include "model/heap/entry.h"
#include "model/policy/option.h"

namespace breakproof::harness {

// Where a subject, or the kernel it runs on, has no means for an operation other than a call, it does nothing.
enum class OperationKind : std::uint8_t {
  kCall,         // one entry point of the malloc family, or a C++ operator
  kThreadExit,   // the thread ends; its next operation starts a fresh one
  kCheck,        // every live block's bytes are looked at
  kMallopt,      // a parameter of the heap is set
  kSbrk,         // the program itself moves the break, behind the subject's back
  kThreadStart,  // nothing but that the thread runs: whatever it does first would start it as well
  kTouch,        // part of a block is verified, overwritten, verified again, and restored
  kTrim,         // malloc_trim
  kClock,        // time passes
  kRefuse,       // from here on the kernel refuses calls of a type, or no longer does
  kBlock,        // somebody else maps a page in the break's way
  kFork,         // a child frees every block, allocates a bit, and exits with 0; the parent waits for that
  kWrite,        // a block is written anew
  kCopy,         // a block's bytes are copied into another one, as memcpy does
};
inline constexpr int kOperationKinds = 14;

// A slot is a name in a case: a variable that holds one pointer.
using Slot = std::uint32_t;
inline constexpr Slot kNullSlot = UINT32_MAX;  // reads as NULL, never assigned

inline constexpr int kMaxThreads = 16;  // thread 0 is the one that the case starts on

struct Operation {
  OperationKind kind = OperationKind::kCall;
  model::Entry entry = model::Entry::kMalloc;
  std::uint8_t thread = 0;      // 0 to kMaxThreads - 1
  model::Option option = model::Option::kMmapThreshold;  // kMallopt
  Slot result = kNullSlot;      // slot assigned; kCopy: the slot of the block that is copied into
  Slot argument = kNullSlot;    // slot read: realloc, reallocarray, the frees, malloc_usable_size, kTouch, kWrite, kCopy
  std::uint8_t call_type = 0;   // kRefuse: a CallType, or kCallTypes for any
  Content content = Content::kPattern;  // of the block that an allocation makes; kWrite
  std::uint64_t size = 0;       // bytes; kMallopt: the value, an int; kSbrk: signed; kTouch: length; kTrim: padding;
                                // kClock: milliseconds; kRefuse: calls; kBlock: distance above the break
  std::uint64_t count = 1;      // elements, calloc and reallocarray; kTouch: offset
  std::uint64_t alignment = 0;  // bytes, the aligned family

  friend bool operator==(const Operation&, const Operation&) = default;
};
static_assert(std::is_trivially_copyable_v<Operation> && sizeof(Operation) == 40,
              "operations are stored in the journal as they are");

// Whether the operation says something of what a program writes into blocks.
constexpr bool ConcernsContent(const Operation& operation) {
  return operation.content != Content::kPattern || operation.kind == OperationKind::kWrite ||
         operation.kind == OperationKind::kCopy;
}

constexpr bool Reallocates(model::Entry entry) {
  return entry == model::Entry::kRealloc || entry == model::Entry::kReallocarray;
}

constexpr bool ReadsSlot(model::Entry entry) {
  return Reallocates(entry) || model::Frees(entry) || entry == model::Entry::kUsableSize;
}

constexpr bool AssignsSlot(model::Entry entry) {
  return !model::Frees(entry) && entry != model::Entry::kUsableSize;
}

constexpr bool TakesCount(model::Entry entry) {
  return entry == model::Entry::kCalloc || entry == model::Entry::kReallocarray;
}

constexpr bool TakesAlignment(model::Entry entry) {
  return entry == model::Entry::kMemalign || entry == model::Entry::kAlignedAlloc ||
         entry == model::Entry::kPosixMemalign || model::Has(entry, model::NewTrait::kAligned);
}

}  // namespace breakproof::harness
