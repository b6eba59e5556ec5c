#include <algorithm>

#include "harness/kernel/differential/generator.h"

namespace breakproof::harness {
namespace {

using model::Aligned;
using model::Call;
using model::CallKind;
using model::kTaskEnd;
using model::Machine;
using model::RoundUp;
using model::Word;

// [start, start + size) lies in the window; size is rounded already.
bool Inside(const Machine& machine, Word start, Word size) {
  return start >= machine.window.start && start <= machine.window.end && size <= machine.window.end - start;
}

// Ends beyond what user space may map: refused or without effect, whatever is mapped.
bool BeyondUserSpace(Word start, Word size) { return start > kTaskEnd || size > kTaskEnd - start; }

// Longer than this, but short enough for a roomy window: then only what can not take memory page by page, and
// what is charged by its arguments alone (mprotect and mremap also depend on what was charged before).
constexpr Word kLongest = 1024 * model::kPage;
bool IsHuge(const Machine& machine, Word size) { return size > kLongest && size <= machine.window.size(); }

bool MmapStaysInside(const Machine& machine, const Call& call) {
  const bool fixed = (call.flags & (model::kFixed | model::kFixedNoReplace)) != 0;
  const bool private_anonymous = (call.flags & model::kAnonymous) && (call.flags & model::kTypeMask) == model::kPrivate;
  if (private_anonymous && (call.flags & model::kGrowsDownArea)) return false;
  const Word size = RoundUp(call.length);
  if (size == 0) return true;
  if (IsHuge(machine, size) && (fixed || (call.flags & model::kPopulate))) return false;
  if (BeyondUserSpace(call.address, size)) return true;  // refused if fixed, else as if there was no hint
  if (fixed) return !Aligned(call.address) || Inside(machine, call.address, size);
  return call.address <= model::kPage || Inside(machine, model::RoundDown(call.address), 0);
}

bool MremapStaysInside(const Machine& machine, const Call& call) {
  const Word old_size = RoundUp(call.length), new_size = RoundUp(call.new_length);
  const bool relocates = (call.flags & (model::kMoveFixed | model::kDontUnmap)) != 0;
  if (!Aligned(call.address) || new_size == 0 || new_size > kTaskEnd) return true;
  if (call.flags & ~7u) return true;
  if (relocates && !(call.flags & model::kMayMove)) return true;
  if (call.flags & model::kDontUnmap) return old_size != new_size;
  if (!Inside(machine, call.address, std::max<Word>(old_size, 1))) return false;
  if (IsHuge(machine, new_size) && new_size > old_size) return false;
  if (IsHuge(machine, old_size) && relocates) return false;  // Linux 6.18 charges what a FIXED shrink removes
  if (!relocates) return true;
  return !Aligned(call.new_address) || BeyondUserSpace(call.new_address, new_size) ||
         Inside(machine, call.new_address, new_size);
}

}  // namespace

bool StaysInside(const Machine& machine, const Call& call) {
  const Word size = RoundUp(call.length);
  switch (call.kind) {
    case CallKind::kMmap: return MmapStaysInside(machine, call);
    case CallKind::kMremap: return MremapStaysInside(machine, call);
    case CallKind::kMunmap:
      return !Aligned(call.address) || size == 0 || BeyondUserSpace(call.address, size) ||
             Inside(machine, call.address, size);
    case CallKind::kMprotect:
    case CallKind::kMadvise:
      if (IsHuge(machine, size)) return false;
      return !Aligned(call.address) || size == 0 || call.address + size < call.address ||
             Inside(machine, call.address, size);
    case CallKind::kLoad:
    case CallKind::kStore: return Inside(machine, call.address, 1);
    default: return true;
  }
}

}  // namespace breakproof::harness
