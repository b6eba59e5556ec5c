// Theorems about threshold.h.
#include "allocator/arithmetic/mapping.h"
#include "allocator/arithmetic/threshold.h"
#include "tests/proofs/theorem.h"

namespace breakproof::arithmetic {
namespace {

using proofs::Implies;
using proofs::Wide;

constexpr std::uint64_t k128KiB = 131072;
constexpr std::uint64_t k32MiB = 33554432;
constexpr std::uint64_t k64MiB = 67108864;

// Any state at all.
template <typename Word>
Threshold<Word> AnyThreshold(proofs::Claims<Word>& proof) {
  const Word mmap = proof.Any("mmap_threshold");
  const Word trim = proof.Any("trim_threshold");
  return {mmap, trim, proof.Any("is_pinned") != 0};
}

// What holds of every state that adaptation reaches: the initial values, or a trim threshold twice
// the other.
template <typename Word>
Bool<Word> IsAdapted(const Threshold<Word>& state) {
  return (state.mmap == k128KiB && state.trim == k128KiB) ||
         (state.mmap > k128KiB && state.mmap <= k32MiB && state.trim == 2 * state.mmap);
}

// Any state that adaptation reaches.
template <typename Word>
Threshold<Word> AnyAdaptedThreshold(proofs::Claims<Word>& proof) {
  const Word mmap = proof.Any("mmap_threshold");
  proof.Assume(mmap >= k128KiB && mmap <= k32MiB);
  return {mmap, Select<Word>(mmap == k128KiB, k128KiB, 2 * mmap), proof.Any("is_pinned") != 0};
}

template <typename Word>
Bool<Word> IsUnchanged(const Threshold<Word>& before, const Threshold<Word>& after) {
  return after.mmap == before.mmap && after.trim == before.trim;
}

BREAKPROOF_THEOREM(Z26,
                   "Thresholds start at 128 KiB unpinned, and adaptation keeps both 128 KiB, or "
                   "trim at twice mmap up to 32 MiB.") {
  const Threshold<Word> before = AnyAdaptedThreshold(proof);
  const Threshold<Word> after = AfterFreeOfMapping(before, proof.Any("length"));
  const Threshold<Word> initial = InitialThreshold<Word>();
  proof.Prove("initially", IsAdapted(initial) && initial.mmap == k128KiB && !initial.is_pinned);
  proof.Prove("kept", IsAdapted(after));
  proof.Prove("neither pinned nor freed from it", after.is_pinned == before.is_pinned);
}

BREAKPROOF_THEOREM(Z27, "Adaptation never lowers a threshold.") {
  const Threshold<Word> before = AnyAdaptedThreshold(proof);
  const Threshold<Word> after = AfterFreeOfMapping(before, proof.Any("length"));
  proof.Prove("mmap threshold", after.mmap >= before.mmap);
  proof.Prove("trim threshold", after.trim >= before.trim);
}

BREAKPROOF_THEOREM(
    Z28,
    "Adaptation never takes the mmap threshold beyond 32 MiB, from any state and for any length.") {
  const Threshold<Word> before = AnyThreshold(proof);
  const Threshold<Word> after = AfterFreeOfMapping(before, proof.Any("length"));
  proof.Prove("at most 32 MiB unless it was before",
              after.mmap <= k32MiB || IsUnchanged(before, after));
}

BREAKPROOF_THEOREM(Z29,
                   "Once a request's own mapping was freed, the same request no longer wants one, "
                   "where the threshold may rise.") {
  const Word size = proof.Any("size");
  const Word k = proof.Any("k");
  proof.Assume(k < 64);
  const Threshold<Word> before = AnyThreshold(proof);
  const Checked<Word> length = MappingLength<Word>(size, Word(1) << k);
  proof.Assume(!length.overflow && !before.is_pinned && length.value <= Word(k32MiB) - 4096);
  proof.Assume(WantsMapping(before, size));
  const Threshold<Word> after = AfterFreeOfMapping(before, length.value);
  proof.Prove("the same size", !WantsMapping(after, size));
  proof.Prove("nor any size of as many pages, nor with its slack",
              !WantsMapping(after, length.value));
}

BREAKPROOF_THEOREM(Z30, "Pinned thresholds never move and stay pinned.") {
  const Threshold<Word> before = AnyThreshold(proof);
  proof.Assume(before.is_pinned);
  const Threshold<Word> after = AfterFreeOfMapping(before, proof.Any("length"));
  proof.Prove("unchanged", IsUnchanged(before, after));
  proof.Prove("pinned", after.is_pinned);
}

BREAKPROOF_THEOREM(Z31,
                   "A step that moves anything takes mmap to twice the length, at most 32 MiB, and trim to exactly "
                   "twice that, from any state.") {
  const Threshold<Word> before = AnyThreshold(proof);
  const Word length = proof.Any("length");
  const Threshold<Word> after = AfterFreeOfMapping(before, length);
  const Bool<Word> is_unchanged = IsUnchanged(before, after);
  proof.Prove("mmap threshold",
              is_unchanged || Wide(after.mmap) == Wide(length) + Wide(length) ||
                  (after.mmap == k32MiB && Wide(length) + Wide(length) > Wide(Word(k32MiB))));
  proof.Prove("trim threshold",
              is_unchanged || Wide(after.trim) == Wide(after.mmap) + Wide(after.mmap));
  proof.Prove("shorter mappings than the threshold move nothing",
              Implies(length < before.mmap, is_unchanged));
  proof.Prove("nor do such as no threshold can be above", Implies(length >= Word(k32MiB), is_unchanged));
}

BREAKPROOF_THEOREM(Z32,
                   "Setting a parameter sets that one only and pins both thresholds; a request at "
                   "the threshold wants a mapping.") {
  const Threshold<Word> before = AnyThreshold(proof);
  const Word bytes = proof.Any("bytes");
  const Threshold<Word> pinned = Pinned(before);
  proof.Prove("pinning alone", IsUnchanged(before, pinned) && pinned.is_pinned);
  const Threshold<Word> with_mmap = WithMmapThreshold(before, bytes);
  proof.Prove("mmap threshold",
              with_mmap.mmap == bytes && with_mmap.trim == before.trim && with_mmap.is_pinned);
  const Threshold<Word> with_trim = WithTrimThreshold(before, bytes);
  proof.Prove("trim threshold",
              with_trim.trim == bytes && with_trim.mmap == before.mmap && with_trim.is_pinned);
  proof.Prove("at the threshold", WantsMapping(with_mmap, bytes));
  proof.Prove("below it", bytes == 0 || !WantsMapping<Word>(with_mmap, bytes - 1));
}

BREAKPROOF_THEOREM(Z43,
                   "Each time the break is raised again behind a trim, the trim threshold doubles, up to 64 MiB; "
                   "pinned, or above that, it stays.") {
  const Threshold<Word> state = AnyAdaptedThreshold(proof);
  const Word regrowths = proof.Any("regrowths");
  proof.Assume(regrowths < kMaxRegrowths);
  const Word before = TrimThreshold(state, regrowths);
  const Word after = TrimThreshold<Word>(state, regrowths + 1);
  proof.Prove("none yet", TrimThreshold<Word>(state, 0) == state.trim);
  proof.Prove("doubled", state.is_pinned || after == 2 * before || (after == k64MiB && 2 * before > k64MiB));
  proof.Prove("bounded", state.is_pinned || (after >= before && after <= k64MiB));
  proof.Prove("pinned", !state.is_pinned || after == state.trim);
  const Threshold<Word> any = AnyThreshold(proof);
  proof.Prove("set higher", any.trim <= k64MiB || TrimThreshold(any, regrowths) == any.trim);
}

}  // namespace
}  // namespace breakproof::arithmetic
