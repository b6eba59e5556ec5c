// The one thing that is wrong with an allocator of the zoo, chosen when it is built.
//
// Each is what its name says, at the one place that asks Has(...) for it; mutants.bzl says which rule it breaks.
#pragma once

namespace zoo {

enum class Defect {
  kNone,  // the twin

  // family.cc
  kAlignedNewUnaligned,
  kAlignedNewWraps,
  kAlignmentLimited,
  kArrayDeleteWithSizeLost,
  kCallocKeepsDirt,
  kCallocZeroesOneElement,
  kCallocZeroesWholeWords,
  kEmptyBlockMisaligned,
  kEmptyNothrowNewRefused,
  kFailedReallocFrees,
  kFailedReallocTagsBlock,
  kFailureKeepsErrno,
  kFailureSetsEagain,
  kForkKeepsLock,
  kFreeClearsErrno,
  kFreeLetsErrnoThrough,
  kLateCanary,
  kLockKeptOnFailure,
  kOverflowKeepsErrno,
  kPosixFailsWithMinusOne,
  kPosixTakesAnyPowerOfTwo,
  kProductCheckedByDivision,
  kProductWraps,
  kPvallocNotRounded,
  kPvallocWraps,
  kReallocLosesTail,
  kReallocOfNullCrashes,
  kReallocReadsTooMuch,
  kRoundsZeroForEver,
  kSetUpByMallocOnly,
  kSizeWraps,
  kUsableShort,
  kVallocUnaligned,

  // slab_heap.cc
  kAdoptedSlabThoughtEmpty,
  kAlignmentAbovePage,
  kBlocksTooClose,
  kClassOffByOne,
  kErrnoTakenForFailure,
  kFailedMoveUnmaps,
  kFreeBeforeSetUp,
  kGivesUpOnFullAdoption,
  kLargeFrame,
  kLargeNeverUnmapped,
  kLargeRoundedToNearest,
  kLargeTableTooSmall,
  kLargeUnmappedTwice,
  kLengthKnownWhenAsked,
  kLinkClearedLate,
  kMapFailureUnchecked,
  kMarkOfUntouchedBelieved,
  kPurgeSparesFirstPage,
  kRecycledThoughtZero,
  kRefusedPurgeThoughtZero,
  kRemoteBlockDoubled,
  kRemoteFreeLost,
  kResizeKeepsOldLength,
  kRetiredWithOneLeft,
  kShrinkDiscardsTooMuch,
  kSizeEqualToAlignment,
  kSizedDeleteForgetsAlignment,
  kSlabFailureUnchecked,
  kSlabsNotForked,
  kTagBehindBlock,
  kTailUnmapped,
  kThreadExitUnmapsSlabs,

  // tagged_heap.cc
  kBreakFailureUnchecked,
  kFailedMoveUnchecked,
  kFitOneGranuleShort,
  kForeignBreakMoveUnnoticed,
  kGrowsIntoUsedNeighbour,
  kGrowthIntoTopForgotten,
  kMovesDownBackwards,
  kRestTooSmallForAChunk,
  kShrinkCutsTag,
  kTrimmedTopThoughtZero,
  kTrimsForeignMemory,
  kTrimsIntoLiveBlocks,
  kUsableWithFlags,
};

#ifndef BREAKPROOF_DEFECT
#define BREAKPROOF_DEFECT kNone
#endif

constexpr bool Has(Defect defect) { return defect == Defect::BREAKPROOF_DEFECT; }

}  // namespace zoo
