#include "model/heap/profiles.h"

namespace breakproof::model {
namespace {

using enum Demand;
using enum Situation;

// Clauses that many cells share.
constexpr std::string_view kC23General = "C23 7.24.3p1", kC17General = "C17 7.22.3p1";
constexpr std::string_view kManual = "malloc(3)", kAlignManual = "posix_memalign(3)";
constexpr std::string_view kPosixMalloc = "POSIX.1-2024 malloc", kMuslDesign = "musl, source: mallocng";
constexpr std::string_view kNone = "not in this standard";
constexpr std::string_view kErrnoC23 = "C23 7.5p3", kErrnoC17 = "C17 7.5p3", kErrnoPosix = "POSIX.1-2024 2.3";

#define SIZE_ZERO(entry, posix)                                                                              \
  {entry, kSizeZero, {{kUnique, kManual}, {kNullOrUnique, kC23General}, {kNullOrUnique, kC17General},        \
                      {kNullOrUnique, posix}, {kUnique, kMuslDesign}}}
#define TOO_LARGE(entry, posix)                                                                              \
  {entry, kTooLarge, {{kFailsEnomem, kManual}, {kFailsAnyhow, kC23General}, {kFailsAnyhow, kC17General},     \
                      {kFailsEnomem, posix}, {kFailsEnomem, kMuslDesign}}}
#define FAILURE(entry, posix)                                                                                \
  {entry, kFailure, {{kFailsEnomem, kManual}, {kFailsAnyhow, kC23General}, {kFailsAnyhow, kC17General},      \
                     {kFailsEnomem, posix}, {kFailsEnomem, kMuslDesign}}}
#define ERRNO_OF_SUCCESS(entry)                                                                              \
  {entry, kErrnoOfSuccess, {{kMayChange, "errno(3)"}, {kMayChange, kErrnoC23}, {kMayChange, kErrnoC17},      \
                            {kMayChange, kErrnoPosix}, {kMayChange, kErrnoPosix}}}
#define SMALL_BLOCK(entry)                                                                                   \
  {entry, kSmallBlock, {{kAligned16, "glibc manual, Aligned Memory Blocks"}, {kAlignedToSize, kC23General},  \
                        {kAligned16, kC17General}, {kAligned16, kPosixMalloc}, {kAligned16, kMuslDesign}}}
// In C23 alone, so far: glibc 2.36 has neither function.
#define ONLY_C23(entry, situation, demand, clause)                                                           \
  {entry, situation, {{kUnspecified, kNone}, {demand, clause}, {kUnspecified, kNone}, {kUnspecified, kNone}, \
                      {kUnspecified, kNone}}}
// Outside ISO C and, but for reallocarray, outside POSIX.
#define EXTENSION(entry, situation, glibc, musl)                                                             \
  {entry, situation, {{glibc, kAlignManual}, {kUnspecified, kNone}, {kUnspecified, kNone}, {kUnspecified, kNone}, \
                      {musl, kMuslDesign}}}

constexpr ProfileRow kTable[] = {
    SIZE_ZERO(Entry::kMalloc, kPosixMalloc),
    TOO_LARGE(Entry::kMalloc, kPosixMalloc),
    FAILURE(Entry::kMalloc, kPosixMalloc),
    ERRNO_OF_SUCCESS(Entry::kMalloc),
    SMALL_BLOCK(Entry::kMalloc),

    SIZE_ZERO(Entry::kCalloc, "POSIX.1-2024 calloc"),
    TOO_LARGE(Entry::kCalloc, "POSIX.1-2024 calloc"),
    FAILURE(Entry::kCalloc, "POSIX.1-2024 calloc"),
    ERRNO_OF_SUCCESS(Entry::kCalloc),
    SMALL_BLOCK(Entry::kCalloc),

    {Entry::kRealloc, kReallocToZero,
     {{kFrees, kManual}, {kUndefined, "C23 7.24.3.7p3"}, {kNullOrUnique, "C17 7.22.3.5p3, as amended by DR 400"},
      {kNullOrUnique, "POSIX.1-2024 realloc"}, {kUnique, kMuslDesign}}},
    TOO_LARGE(Entry::kRealloc, "POSIX.1-2024 realloc"),
    FAILURE(Entry::kRealloc, "POSIX.1-2024 realloc"),
    ERRNO_OF_SUCCESS(Entry::kRealloc),
    SMALL_BLOCK(Entry::kRealloc),

    {Entry::kReallocarray, kReallocToZero,
     {{kFrees, kManual}, {kUnspecified, kNone}, {kUnspecified, kNone}, {kNullOrUnique, "POSIX.1-2024 realloc"},
      {kUnique, kMuslDesign}}},
    {Entry::kReallocarray, kTooLarge,
     {{kFailsEnomem, kManual}, {kUnspecified, kNone}, {kUnspecified, kNone}, {kFailsEnomem, "POSIX.1-2024 realloc"},
      {kFailsEnomem, kMuslDesign}}},
    {Entry::kReallocarray, kFailure,
     {{kFailsEnomem, kManual}, {kUnspecified, kNone}, {kUnspecified, kNone}, {kFailsEnomem, "POSIX.1-2024 realloc"},
      {kFailsEnomem, kMuslDesign}}},

    {Entry::kFree, kErrnoOfSuccess,
     {{kPreserves, "free(3), since glibc 2.33"}, {kMayChange, kErrnoC23}, {kMayChange, kErrnoC17},
      {kPreserves, "POSIX.1-2024 free"}, {kPreserves, "musl 1.2.3, source: free"}}},
    ONLY_C23(Entry::kFreeSized, kErrnoOfSuccess, kMayChange, kErrnoC23),
    ONLY_C23(Entry::kFreeAlignedSized, kErrnoOfSuccess, kMayChange, kErrnoC23),

    SIZE_ZERO(Entry::kAlignedAlloc, "POSIX.1-2024 aligned_alloc"),
    {Entry::kAlignedAlloc, kBadAlignment,
     {{kMayRound, "posix_memalign(3); EINVAL since glibc 2.38"}, {kFailsAnyhow, "C23 7.24.3.1p2"},
      {kFailsAnyhow, "C17 7.22.3.1p2, as amended by DR 460"}, {kFailsEinval, "POSIX.1-2024 aligned_alloc"},
      {kFailsEinval, kMuslDesign}}},
    {Entry::kAlignedAlloc, kOddSize,
     {{kServes, kAlignManual}, {kServes, "C23 7.24.3.1p2"}, {kServes, "C17 7.22.3.1p2, as amended by DR 460"},
      {kServes, "POSIX.1-2024 aligned_alloc"}, {kServes, kMuslDesign}}},
    TOO_LARGE(Entry::kAlignedAlloc, "POSIX.1-2024 aligned_alloc"),
    FAILURE(Entry::kAlignedAlloc, "POSIX.1-2024 aligned_alloc"),
    ERRNO_OF_SUCCESS(Entry::kAlignedAlloc),

    {Entry::kPosixMemalign, kSizeZero,
     {{kNullOrUnique, kAlignManual}, {kUnspecified, kNone}, {kUnspecified, kNone},
      {kNullOrUnique, "POSIX.1-2024 posix_memalign"}, {kNullOrUnique, "POSIX.1-2024 posix_memalign"}}},
    {Entry::kPosixMemalign, kBadAlignment,
     {{kFailsEinval, kAlignManual}, {kUnspecified, kNone}, {kUnspecified, kNone},
      {kFailsEinval, "POSIX.1-2024 posix_memalign"}, {kFailsEinval, "POSIX.1-2024 posix_memalign"}}},
    {Entry::kPosixMemalign, kTooLarge,
     {{kFailsEnomem, kAlignManual}, {kUnspecified, kNone}, {kUnspecified, kNone},
      {kFailsEnomem, "POSIX.1-2024 posix_memalign"}, {kFailsEnomem, kMuslDesign}}},
    {Entry::kPosixMemalign, kErrnoOfSuccess,
     {{kMayChange, kAlignManual}, {kUnspecified, kNone}, {kUnspecified, kNone}, {kMayChange, kErrnoPosix},
      {kMayChange, kErrnoPosix}}},

    EXTENSION(Entry::kMemalign, kBadAlignment, kMayRound, kFailsEinval),
    EXTENSION(Entry::kMemalign, kSizeZero, kUnique, kUnique),
    EXTENSION(Entry::kMemalign, kTooLarge, kFailsEnomem, kFailsEnomem),
    EXTENSION(Entry::kValloc, kSizeZero, kUnique, kUnique),
    EXTENSION(Entry::kValloc, kTooLarge, kFailsEnomem, kFailsEnomem),
    EXTENSION(Entry::kPvalloc, kSizeZero, kUnique, kUnspecified),
    EXTENSION(Entry::kPvalloc, kTooLarge, kFailsEnomem, kUnspecified),
};

#undef SIZE_ZERO
#undef TOO_LARGE
#undef FAILURE
#undef ERRNO_OF_SUCCESS
#undef SMALL_BLOCK
#undef ONLY_C23
#undef EXTENSION

}  // namespace

std::span<const ProfileRow> ProfileTable() { return kTable; }

Cell DemandOn(Profile profile, Entry entry, Situation situation) {
  for (const ProfileRow& row : kTable)
    if (row.entry == entry && row.situation == situation) return row.cells[static_cast<int>(profile)];
  return {kUnspecified, "no clause"};
}

}  // namespace breakproof::model
