// What a program can do wrong with a block, and the one sentence it dies with.
//
//   U1  free, realloc or malloc_usable_size of a pointer that is not a block: inside a block, beside it, on the
//       stack, of somebody else's memory. Always detected, but for the start of a block that was never handed out.
//   U2  the same of a block that is free. Detected as long as the first eight bytes of the freed block are as free
//       left them, at once or after any number of other operations, on any thread; of a block up to 32 KiB at the latest
//       when it has come back to its slab twice. Two threads that free the same block at once, or one that frees a block
//       while another moves it on its way home, may be seen only then.
//   U3  a sized free with a size that the block cannot have been asked for with. A larger one is always detected, a
//       smaller one unless realloc, for want of memory, has left some block of the slab too long.
//   U4  a freed block was written to, seen where its first sixteen bytes carry the allocator's own data: on the way
//       home from the thread that freed it.
//
// A freed block carries a mark in its first word: a secret xor the block's address. malloc clears it. A mark is a hint, by
// which the fast paths tell a block that may be free, and no proof: it may be the content of a block in use. A program may
// leave alone what lies in a block, copy it with realloc and bring it back, or write the very word. So where a mark is
// found, the books decide (misuse.cc): slabs, bins and batches, none of which lies in memory that reaches the program, and
// the lists of blocks on their way home, in which only free blocks are. Nothing that a legal program can do with its blocks
// is taken for misuse; tests/production/adversary tries. Without a mark the books are not asked: they would cost too much.
#pragma once

#include <cstdint>

// 0 only to measure what the checks cost (//allocator:core): such a library takes any pointer and must not ship.
#ifndef BREAKPROOF_MISUSE_CHECKS
#define BREAKPROOF_MISUSE_CHECKS 1
#endif

namespace breakproof::allocator {

inline constexpr bool kMisuseChecks = BREAKPROOF_MISUSE_CHECKS;

inline constexpr char kFreeOfNoBlock[] = "free() of a pointer that is not a block";
inline constexpr char kReallocOfNoBlock[] = "realloc() of a pointer that is not a block";
inline constexpr char kUsableSizeOfNoBlock[] = "malloc_usable_size() of a pointer that is not a block";
inline constexpr char kFreeOfFree[] = "free() of a block that is free already";
inline constexpr char kReallocOfFree[] = "realloc() of a block that is free";
inline constexpr char kUsableSizeOfFree[] = "malloc_usable_size() of a block that is free";
inline constexpr char kWrongSize[] = "sized free of a block that has another size";
inline constexpr char kWrittenAfterFree[] = "a block was written to after it was freed";

// A free block that is not a slab's any more nor again: at hand in a bin, or on its way to its owner.
struct FreeBlock {
  std::uint64_t mark;
  FreeBlock* next;  // on the way home only
};

inline std::uint64_t MarkOf(const void* block, std::uint64_t secret) {
  return reinterpret_cast<std::uintptr_t>(block) ^ secret;
}

}  // namespace breakproof::allocator
