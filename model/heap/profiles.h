// What the standards say about the cases that they treat differently, as data: one table, one clause for each cell.
//
// A result that one standard forbids and another allows is reported as exactly that. Contract and HeapModel take the
// profile of their subject; glibc's unless told otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/heap/entry.h"

namespace breakproof::model {

enum class Profile : std::uint8_t { kGlibc, kC23, kC17, kPosix2024, kMusl };
inline constexpr int kProfileCount = 5;

constexpr std::string_view NameOf(Profile profile) {
  constexpr std::string_view kNames[kProfileCount] = {"glibc", "C23", "C17", "POSIX.1-2024", "musl"};
  return kNames[static_cast<int>(profile)];
}

enum class Situation : std::uint8_t {
  kSizeZero,             // a request for no bytes
  kReallocToZero,        // realloc(p, 0) of a live block
  kBadAlignment,         // not a power of two; posix_memalign: nor a multiple of sizeof(void*)
  kOddSize,              // aligned_alloc of a size that is no multiple of the alignment
  kTooLarge,             // beyond PTRDIFF_MAX, or an overflowing product
  kFailure,              // memory is short: errno
  kErrnoOfSuccess,       // a call that succeeds
  kSmallBlock,           // what a block below 16 bytes is aligned to
};

// What is right in a situation. Some values fit one situation only.
enum class Demand : std::uint8_t {
  kUnspecified,          // the profile says nothing, or does not have the function: any result will do
  kUndefined,            // calling it so is the caller's mistake
  kNullOrUnique,         // NULL, or a pointer of its own that may be freed
  kUnique,               // never NULL without an error
  kFrees,                // the old block is freed and NULL is returned
  kFailsEinval,          // must fail with EINVAL
  kFailsEinvalButZero,   // the same, but that an alignment of 0 is taken for 1
  kFailsAnyhow,          // must fail; errno is not specified
  kMayRound,             // EINVAL, or served with the next power of two
  kServes,               // as any other request
  kFailsEnomem,          // must fail with ENOMEM
  kMayChange,            // errno may change on success
  kPreserves,            // errno is as before
  kAligned16,            // suits max_align_t, whatever the size
  kAlignedToSize,        // suits every object that fits
};

struct Cell {
  Demand demand;
  std::string_view clause;
};

using EntrySet = std::uint32_t;  // a bit for each

template <typename... Entries>
constexpr EntrySet Of(Entries... entries) {
  return ((EntrySet{1} << static_cast<int>(entries)) | ...);
}

struct ProfileRow {
  EntrySet entries;
  Situation situation;
  Cell cells[kProfileCount];  // in the order of Profile
};

std::span<const ProfileRow> ProfileTable();

// What the profile demands of the entry point in the situation; unspecified if the table has no such row.
Cell DemandOn(Profile profile, Entry entry, Situation situation);

}  // namespace breakproof::model
