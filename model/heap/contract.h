// What one call of the malloc family promises, from its arguments alone.
#pragma once

#include <cstdint>
#include <string>

#include "model/heap/entry.h"
#include "model/heap/profiles.h"

namespace breakproof::model {

inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kMaxAlign = 16;  // alignof(max_align_t), x86-64 System V ABI
inline constexpr std::uint64_t kLargestObject = INT64_MAX;  // PTRDIFF_MAX
// Bytes. What no process can have needs no kernel to refuse it: half of a user's addresses on x86-64.
inline constexpr std::uint64_t kAddressSpace = 1ull << 46;

// A call as the caller made it. Unused arguments are 0.
struct HeapCall {
  Entry entry = Entry::kMalloc;
  std::uint64_t size = 0;       // bytes; the element's for calloc and reallocarray
  std::uint64_t count = 1;      // elements, calloc and reallocarray
  std::uint64_t alignment = 0;  // bytes, the aligned family; of operator new a power of two is meant
  std::uint64_t address = 0;    // realloc, reallocarray, free, malloc_usable_size; 0 is NULL
};

// What the call owes its caller.
struct Contract {
  bool absurd = false;             // H8: no object of this size can exist; the call must fail
  bool beyond_limits = false;      // H14: size, alignment and rounding to pages together exceed kAddressSpace
  bool alignment_invalid = false;  // not a power of two (posix_memalign: or below sizeof(void*))
  bool alignment_must_fail = false;  // H8: this entry point must reject an invalid alignment
  bool may_refuse_alignment = false; // EINVAL is among the errors allowed
  std::uint64_t payload = 0;       // bytes the caller may use; 0 if absurd
  std::uint64_t alignment = 1;     // bytes, H2
  bool null_allowed = false;       // NULL without an error is a success (size 0)
  bool any_errno = false;          // nothing says what errno a failure leaves
};

// Pure; defined for every call, meaningless for free and malloc_usable_size.
// The first is what every allocator owes its callers, whatever its profile; the second what one profile demands.
Contract ContractOf(const HeapCall& call);
Contract ContractOf(const HeapCall& call, Profile profile);

// "calloc(3, 8)", for messages.
std::string Describe(const HeapCall& call);

}  // namespace breakproof::model
