// The entry points of the malloc family, and C++'s operators. No library is needed to include this file.
#pragma once

#include <cstdint>

namespace breakproof::model {

enum class Entry : std::uint8_t {
  kMalloc,
  kCalloc,
  kRealloc,
  kReallocarray,
  kFree,
  kMemalign,
  kAlignedAlloc,
  kPosixMemalign,
  kValloc,
  kPvalloc,
  kUsableSize,
  kFreeSized,         // C23; the caller tells the size it asked for
  kFreeAlignedSized,  // C23; the alignment as well
  // C++ [new.delete]. What they are is in the bits of their distance from kNew: array, nothrow, aligned.
  kNew,
  kNewArray,
  kNewNothrow,
  kNewArrayNothrow,
  kNewAligned,
  kNewArrayAligned,
  kNewAlignedNothrow,
  kNewArrayAlignedNothrow,
  // For arrays, and with the alignment, if the block was made so.
  kDelete,
  kDeleteSized,    // the caller tells the size it asked for
  kDeleteNothrow,  // as a program calls it when a constructor has thrown
};

// H14: what the kernel did during a call, as far as anybody watched.
enum class KernelDuringCall : std::uint8_t { kNotWatched, kRefusedNothing, kRefused };

inline constexpr int kEntryCount = 24;

constexpr const char* NameOf(Entry entry) {
  constexpr const char* kNames[kEntryCount] = {
      "malloc",        "calloc",         "realloc", "reallocarray", "free",
      "memalign",      "aligned_alloc",  "posix_memalign", "valloc", "pvalloc",
      "malloc_usable_size", "free_sized", "free_aligned_sized",
      "new",           "new_array",      "new_nothrow", "new_array_nothrow",
      "new_aligned",   "new_array_aligned", "new_aligned_nothrow", "new_array_aligned_nothrow",
      "delete",        "delete_sized",   "delete_nothrow"};
  return kNames[static_cast<int>(entry)];
}

constexpr bool IsNew(Entry entry) { return entry >= Entry::kNew && entry <= Entry::kNewArrayAlignedNothrow; }
constexpr bool IsDelete(Entry entry) { return entry >= Entry::kDelete && entry <= Entry::kDeleteNothrow; }

// Whether operator new has that in its name; false for what is no operator new.
enum class NewTrait { kArray = 1, kNothrow = 2, kAligned = 4 };
constexpr bool Has(Entry entry, NewTrait trait) {
  return IsNew(entry) && ((static_cast<int>(entry) - static_cast<int>(Entry::kNew)) & static_cast<int>(trait)) != 0;
}

// Says by an exception that there is no memory.
constexpr bool Throws(Entry entry) { return IsNew(entry) && !Has(entry, NewTrait::kNothrow); }

constexpr Entry WithoutThrowing(Entry entry) {
  return Throws(entry) ? static_cast<Entry>(static_cast<int>(entry) + static_cast<int>(NewTrait::kNothrow)) : entry;
}

// Ends the life of the block that is its argument, and returns nothing.
constexpr bool Frees(Entry entry) {
  return entry == Entry::kFree || entry == Entry::kFreeSized || entry == Entry::kFreeAlignedSized ||
         IsDelete(entry);
}

}  // namespace breakproof::model
