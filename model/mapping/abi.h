// Numbers of the x86-64 Linux system-call interface, written out here because the model includes no
// system header. Pages are 4096 bytes, addresses and lengths are bytes.
#pragma once

#include <cstdint>

namespace breakproof::model {

using Word = std::uint64_t;

inline constexpr Word kPage = 4096;
inline constexpr Word kTaskEnd = (Word{1} << 47) - kPage;  // T: first address user space may not map
inline constexpr Word kUnlimited = ~Word{0};

constexpr Word RoundDown(Word x) { return x & ~(kPage - 1); }
constexpr Word RoundUp(Word x) { return RoundDown(x + kPage - 1); }  // wraps to 0, as the kernel's does
constexpr bool Aligned(Word x) { return x % kPage == 0; }

// Protection bits of mmap and mprotect.
inline constexpr unsigned kNone = 0, kRead = 1, kWrite = 2, kExecute = 4;
inline constexpr unsigned kAtomicsHint = 8;  // PROT_SEM: known and without effect
inline constexpr unsigned kGrowsDown = 0x01000000, kGrowsUp = 0x02000000;

// mmap flags. The low four bits are the mapping type.
inline constexpr unsigned kTypeMask = 0x0f;
inline constexpr unsigned kShared = 1, kPrivate = 2, kSharedValidate = 3;
inline constexpr unsigned kFixed = 0x10, kAnonymous = 0x20, kGrowsDownArea = 0x100, kNoReserve = 0x4000,
                          kPopulate = 0x8000, kFixedNoReplace = 0x100000;
// What MAP_SHARED_VALIDATE accepts; MAP_FIXED_NOREPLACE is not among them.
inline constexpr unsigned kValidatedFlags = 0x7c07f9f3;

// mremap flags.
inline constexpr unsigned kMayMove = 1, kMoveFixed = 2, kDontUnmap = 4;

// madvise advice.
enum Advice : int {
  kNormal = 0,
  kRandom = 1,
  kSequential = 2,
  kWillNeed = 3,
  kDontNeed = 4,
  kFree = 8,
  kRemove = 9,
  kDontFork = 10,
  kDoFork = 11,
  kMergeable = 12,
  kUnmergeable = 13,
  kHugePage = 14,
  kNoHugePage = 15,
  kDontDump = 16,
  kDoDump = 17,
  kWipeOnFork = 18,
  kKeepOnFork = 19,
  kCold = 20,
  kPageOut = 21,
  kPopulateRead = 22,
  kPopulateWrite = 23,
};

}  // namespace breakproof::model
