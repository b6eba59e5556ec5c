#include "model/heap/profiles.h"

namespace breakproof::model {
namespace {

using enum Entry;
using enum Demand;
using enum Situation;

// Where a page speaks of several functions, or each has a page of its own, the clause names the family. "source" stands
// where no text says it, and the demand is what the implementation does.
constexpr std::string_view kManual = "malloc(3)", kAlignManual = "posix_memalign(3)", kErrnoManual = "errno(3)";
constexpr std::string_view kGlibcSource = "glibc 2.36, source: malloc/malloc.c";
constexpr std::string_view kC23 = "C23 7.24.3p1", kC23Errno = "C23 7.5p3";
constexpr std::string_view kC17 = "C17 7.22.3p1", kC17Errno = "C17 7.5p3";
constexpr std::string_view kPosix = "POSIX.1-2024, the function's page", kPosixErrno = "POSIX.1-2024, XSH 2.3";
constexpr std::string_view kMusl = "musl 1.2, source: src/malloc/mallocng/malloc.c";
constexpr std::string_view kMuslAligned = "musl 1.2, source: src/malloc/mallocng/aligned_alloc.c";
constexpr std::string_view kMuslRealloc = "musl 1.2, source: src/malloc/mallocng/realloc.c";
// C++ stands beside each of them, and says the same on top of all.
constexpr std::string_view kCppNew = "C++23 [basic.stc.dynamic.allocation]p2", kCppErrno = "C++23 [cerrno.syn]";
constexpr Cell kNone = {kUnspecified, "not in this standard"};

constexpr EntrySet kPlain = Of(kMalloc, kCalloc), kIso = Of(kMalloc, kCalloc, kRealloc, kAlignedAlloc);
constexpr EntrySet kNews = Of(kNew, kNewArray, kNewNothrow, kNewArrayNothrow, kNewAligned, kNewArrayAligned,
                              kNewAlignedNothrow, kNewArrayAlignedNothrow);
constexpr EntrySet kExtensions = Of(kMemalign, kValloc);  // pvalloc: not in musl

constexpr ProfileRow kTable[] = {  // glibc, C23, C17, POSIX.1-2024, musl
    {kPlain, kSizeZero,
     {{kUnique, kManual}, {kNullOrUnique, kC23}, {kNullOrUnique, kC17}, {kNullOrUnique, kPosix}, {kUnique, kMusl}}},
    {Of(kAlignedAlloc), kSizeZero,
     {{kUnique, kGlibcSource}, {kNullOrUnique, kC23}, {kNullOrUnique, kC17}, {kNullOrUnique, kPosix},
      {kUnique, kMuslAligned}}},
    {Of(kPosixMemalign), kSizeZero,
     {{kNullOrUnique, kAlignManual}, kNone, kNone, {kNullOrUnique, kPosix}, {kUnique, kMuslAligned}}},
    {kExtensions, kSizeZero, {{kUnique, kGlibcSource}, kNone, kNone, kNone, {kUnique, kMuslAligned}}},
    {Of(kPvalloc), kSizeZero, {{kUnique, kGlibcSource}, kNone, kNone, kNone, kNone}},

    {kNews, kSizeZero, {{kUnique, kCppNew}, {kUnique, kCppNew}, {kUnique, kCppNew}, {kUnique, kCppNew}, {kUnique, kCppNew}}},

    {Of(kRealloc), kReallocToZero,
     {{kFrees, kManual}, {kUndefined, "C23 7.24.3.7p3"}, {kNullOrUnique, "C17 7.22.3.5p3"}, {kNullOrUnique, kPosix},
      {kUnique, kMuslRealloc}}},
    {Of(kReallocarray), kReallocToZero,
     {{kFrees, kManual}, kNone, kNone, {kNullOrUnique, kPosix}, {kUnique, kMuslRealloc}}},

    {Of(kAlignedAlloc), kBadAlignment,
     {{kMayRound, kGlibcSource}, {kFailsAnyhow, "C23 7.24.3.1p2"}, {kFailsAnyhow, "C17 7.22.3.1p2"},
      {kFailsEinval, kPosix},
      {kFailsEinvalButZero, kMuslAligned}}},
    {Of(kPosixMemalign), kBadAlignment,
     {{kFailsEinval, kAlignManual}, kNone, kNone, {kFailsEinval, kPosix},
      {kFailsEinval, "musl 1.2, source: src/malloc/posix_memalign.c"}}},
    {Of(kMemalign), kBadAlignment,
     {{kMayRound, kGlibcSource}, kNone, kNone, kNone, {kFailsEinvalButZero, kMuslAligned}}},
    {Of(kAlignedAlloc), kOddSize,  // C11 still demanded a multiple of the alignment
     {{kServes, kGlibcSource}, {kServes, "C23 7.24.3.1p2"}, {kServes, "C17 7.22.3.1p2"}, {kServes, kPosix},
      {kServes, kMuslAligned}}},

    {kIso, kTooLarge,
     {{kFailsEnomem, kManual}, {kFailsAnyhow, kC23}, {kFailsAnyhow, kC17}, {kFailsEnomem, kPosix},
      {kFailsEnomem, kMusl}}},
    {kIso, kFailure,
     {{kFailsEnomem, kManual}, {kFailsAnyhow, kC23}, {kFailsAnyhow, kC17}, {kFailsEnomem, kPosix},
      {kFailsEnomem, kMusl}}},
    {Of(kReallocarray), kTooLarge,
     {{kFailsEnomem, kManual}, kNone, kNone, {kFailsEnomem, kPosix}, {kFailsEnomem, kMusl}}},
    {Of(kReallocarray), kFailure,
     {{kFailsEnomem, kManual}, kNone, kNone, {kFailsEnomem, kPosix}, {kFailsEnomem, kMusl}}},
    {Of(kPosixMemalign), kTooLarge,
     {{kFailsEnomem, kAlignManual}, kNone, kNone, {kFailsEnomem, kPosix}, {kFailsEnomem, kMuslAligned}}},
    {kExtensions, kTooLarge, {{kFailsEnomem, kAlignManual}, kNone, kNone, kNone, {kFailsEnomem, kMuslAligned}}},
    {Of(kPvalloc), kTooLarge, {{kFailsEnomem, kAlignManual}, kNone, kNone, kNone, kNone}},

    {kIso, kErrnoOfSuccess,
     {{kMayChange, kErrnoManual}, {kMayChange, kC23Errno}, {kMayChange, kC17Errno}, {kMayChange, kPosixErrno},
      {kMayChange, kPosixErrno}}},
    {Of(kPosixMemalign), kErrnoOfSuccess,
     {{kMayChange, kErrnoManual}, kNone, kNone, {kMayChange, kPosixErrno}, {kMayChange, kPosixErrno}}},
    {Of(kFree), kErrnoOfSuccess,
     {{kPreserves, "malloc(3): since glibc 2.33"}, {kMayChange, kC23Errno}, {kMayChange, kC17Errno},
      {kPreserves, kPosix},
      {kPreserves, "musl 1.2, source: src/malloc/mallocng/free.c"}}},
    // In C23 alone, so far: glibc 2.36 has neither function.
    {Of(kFreeSized, kFreeAlignedSized), kErrnoOfSuccess, {kNone, {kMayChange, kC23Errno}, kNone, kNone, kNone}},

    {Of(kDelete, kDeleteSized, kDeleteNothrow), kErrnoOfSuccess,
     {{kMayChange, kCppErrno}, {kMayChange, kCppErrno}, {kMayChange, kCppErrno}, {kMayChange, kCppErrno},
      {kMayChange, kCppErrno}}},

    {Of(kMalloc, kCalloc, kRealloc), kSmallBlock,
     {{kAligned16, "glibc manual, Aligned Memory Blocks"}, {kAlignedToSize, kC23}, {kAligned16, kC17},
      {kAligned16, kPosix},
      {kAligned16, "musl 1.2, source: src/malloc/mallocng/meta.h"}}},
};

}  // namespace

std::span<const ProfileRow> ProfileTable() { return kTable; }

Cell DemandOn(Profile profile, Entry entry, Situation situation) {
  for (const ProfileRow& row : kTable)
    if (row.situation == situation && (row.entries & Of(entry)) != 0) return row.cells[static_cast<int>(profile)];
  return {kUnspecified, "no clause"};
}

}  // namespace breakproof::model
