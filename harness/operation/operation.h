// One step of a case, as plain data shared between processes.
//
// Usable without any library: the worker process, which links nothing but libc, includes it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "model/heap/entry.h"
#include "model/policy/option.h"

namespace breakproof::harness {

enum class OperationKind : std::uint8_t {
  kCall,        // one entry point of the malloc family
  kThreadExit,  // the thread ends; its next operation starts a fresh one
  kCheck,       // every live block's bytes are looked at
  kMallopt,     // a parameter of the heap is set; a subject without mallopt is left as it is
  kSbrk,        // the program itself moves the break, behind the subject's back
};

// A slot is a name in a case: a variable that holds one pointer.
using Slot = std::uint32_t;
inline constexpr Slot kNullSlot = UINT32_MAX;  // reads as NULL, never assigned

inline constexpr int kMaxThreads = 16;  // thread 0 is the one that the case starts on

struct Operation {
  OperationKind kind = OperationKind::kCall;
  model::Entry entry = model::Entry::kMalloc;
  std::uint8_t thread = 0;      // 0 to kMaxThreads - 1
  model::Option option = model::Option::kMmapThreshold;  // kMallopt
  Slot result = kNullSlot;      // slot assigned
  Slot argument = kNullSlot;    // slot read: realloc, reallocarray, free, malloc_usable_size
  std::uint64_t size = 0;       // bytes; kMallopt: the value, an int; kSbrk: signed
  std::uint64_t count = 1;      // elements, calloc and reallocarray
  std::uint64_t alignment = 0;  // bytes, the aligned family

  friend bool operator==(const Operation&, const Operation&) = default;
};
static_assert(std::is_trivially_copyable_v<Operation> && sizeof(Operation) == 40,
              "operations are stored in the journal as they are");

constexpr bool Reallocates(model::Entry entry) {
  return entry == model::Entry::kRealloc || entry == model::Entry::kReallocarray;
}

constexpr bool ReadsSlot(model::Entry entry) {
  return Reallocates(entry) || entry == model::Entry::kFree || entry == model::Entry::kUsableSize;
}

constexpr bool AssignsSlot(model::Entry entry) {
  return entry != model::Entry::kFree && entry != model::Entry::kUsableSize;
}

constexpr bool TakesCount(model::Entry entry) {
  return entry == model::Entry::kCalloc || entry == model::Entry::kReallocarray;
}

constexpr bool TakesAlignment(model::Entry entry) {
  return entry == model::Entry::kMemalign || entry == model::Entry::kAlignedAlloc ||
         entry == model::Entry::kPosixMemalign;
}

}  // namespace breakproof::harness
