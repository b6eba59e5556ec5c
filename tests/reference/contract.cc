#include "tests/reference/contract.h"

#include <algorithm>

#include "tests/reference/invariant.h"

namespace breakproof::model::reference {
namespace {

using Word = TermWord;
using Bool = TermBool;

Bool Implies(const Bool& x, const Bool& y) { return !x || y; }

Bool Same(const Block<ProofSystem>& x, const Block<ProofSystem>& y) {
  return x.start == y.start && x.length == y.length && x.is_ours == y.is_ours;
}
Bool Same(const Mapping<ProofSystem>& x, const Mapping<ProofSystem>& y) {
  return x.start == y.start && x.length == y.length && x.block == y.block && x.is_live == y.is_live;
}

template <typename Piece>
Bool IsIn(const Piece& piece, const std::vector<Piece>& list) {
  Bool is_in(false);
  for (const Piece& other : list) is_in = is_in || Same(piece, other);
  return is_in;
}

template <typename Piece>
Bool AreSame(const std::vector<Piece>& list, const std::vector<Piece>& other) {
  Bool same(list.size() == other.size());
  for (std::size_t i = 0; i < list.size() && i < other.size(); ++i) same = same && Same(list[i], other[i]);
  return same;
}

Bool AreSame(const ProofHeap& x, const ProofHeap& y) {
  return AreSame(x.blocks, y.blocks) && AreSame(x.mappings, y.mappings) && x.base == y.base && x.end == y.end &&
         x.mmap_threshold == y.mmap_threshold && x.trim_threshold == y.trim_threshold;
}

class Contract {
 public:
  Contract(const Called& called, const Moment& before, const Moment& after, const ProofSystem::Events& events,
           const ProofReply& reply)
      : called_(called), before_(before.heap), after_(after.heap), kernel_before_(before.kernel),
        kernel_after_(after.kernel), events_(events), reply_(reply), standing_(Standing(after)) {}

  std::vector<Promise> All() {
    Add("H11: the lists change by what the call may add and remove",
        Bool(HasShape(called_, before_, reply_, after_.blocks.size(), after_.mappings.size())));
    list_.insert(list_.end(), standing_.begin(), standing_.end());
    AddBreak();
    AddThresholds();
    AddPayloads();
    if (reply_.is_misuse) {
      Add("U1: only what is no live block is rejected", !WasLive(*called_.target));
      Add("U1: rejected misuse returns NULL", reply_.address == 0);
      Add("U1: rejected misuse changes nothing", AreSame(before_, after_));
    } else if (reply_.error != 0) {
      AddFailure();
    } else {
      AddSuccess();
    }
    return list_;
  }

 private:
  void Add(const char* what, const Bool& holds) { list_.push_back({what, holds}); }
  bool MayFree() const { return called_.target.has_value(); }
  Bool IsTarget(const Word& address) const { return MayFree() ? address == *called_.target : Bool(false); }
  Bool WasLive(const Word& address) const { return IsLive(before_, address, 0); }

  // The heap ends where the break was put, and what others raised in between is marked as theirs.
  void AddBreak() {
    const Word was = kernel_before_.program_break, is = kernel_after_.program_break;
    Add("K1: the heap ends where the break was put", after_.end == Select(events_.moved_break, is, before_.end));
    Add("K1: the heap begins where it began", after_.base == before_.base);
    Add("K1: the break moves by sbrk only", events_.moved_break || is == was);
    Bool marked = was == before_.end;
    for (const auto& b : after_.blocks)
      marked = marked || (!b.is_ours && b.start == before_.end && b.length == was - before_.end);
    Add("H1: memory of others between two growths is not ours", Implies(events_.moved_break, marked));
  }

  void AddThresholds() {
    Bool rose(false);
    const Bool stayed =
        after_.mmap_threshold == before_.mmap_threshold && after_.trim_threshold == before_.trim_threshold;
    for (const auto& m : before_.mappings) {
      if (!MayFree()) break;
      const Bool counts = m.is_live && IsTarget(m.block) && m.length >= before_.mmap_threshold &&
                          m.length <= kShipped.max_threshold - kPageBytes;
      const Bool risen = after_.mmap_threshold == m.length + kPageBytes &&
                         after_.trim_threshold == after_.mmap_threshold + after_.mmap_threshold;
      rose = rose || (counts && risen);
      if (called_.only_frees)
        Add("K1: the thresholds rise when a mapping of their length is freed", Implies(counts, risen));
    }
    Add("K1: the thresholds move only when a mapping of their length is freed", rose || stayed);
  }

  // H4 H5: only realloc copies, only calloc clears; where, is claimed at each access (proof_system.cc).
  void AddPayloads() {
    Add("H4: only realloc copies", Bool(events_.copies.empty() || (MayFree() && !called_.only_frees)));
    Add("H5: only calloc clears", Bool(events_.clears.empty() || called_.clears));
    Add("K1: only realloc remaps", Bool(!events_.remapped || (MayFree() && !called_.only_frees)));
  }

  void AddFailure() {
    Add("H7: a failed call changes nothing", AreSame(before_, after_));
    Add("H6: a failed call returns NULL", reply_.address == 0);
    const Bool valid = called_.valid_alignment.value_or(Bool(true));
    if (reply_.error == EINVAL) return Add("H6: EINVAL means an invalid alignment", !valid);
    Add("H6: errors are EINVAL and ENOMEM", Bool(reply_.error == ENOMEM));
    Add("H8: an invalid alignment is EINVAL", valid);
    constexpr std::uint64_t kLimit = kMaxBytes - 2 * kPageBytes;
    const Word alignment = Select(called_.alignment < kUnit, kUnit, called_.alignment);
    const Bool beyond = called_.payload > kLimit || alignment > kLimit || called_.payload + alignment > kLimit;
    Add("H14: ENOMEM means that the kernel refused, or that the request is beyond PTRDIFF_MAX",
        events_.refused || called_.overflow.value_or(Bool(false)) || beyond);
  }

  void AddSuccess() {
    AddFrame();
    if (called_.is_step) AddKeptLists();
    if (!MayFree()) return AddBlock(Bool(true));
    Add("U1: what is no live block is rejected", *called_.target == 0 || WasLive(*called_.target));
    // realloc(p, 0) frees, too.
    const Bool frees = Bool(called_.only_frees) || (*called_.target != 0 && called_.payload == 0);
    AddFreed(frees);
    if (called_.only_frees) return;
    AddBlock(!frees);
    AddKept(!frees);
  }

  // What was there before is there still, and nothing else is new.
  void AddFrame() {
    for (const auto& b : before_.blocks)
      Add("H7: no other block changes", (b.is_ours && IsTarget(b.start)) || IsIn(b, after_.blocks));
    for (const auto& m : before_.mappings)
      Add("H7: no other mapping changes", !m.is_live || IsTarget(m.block) || IsIn(m, after_.mappings));
    const Bool has_new = reply_.address != 0;
    for (const auto& b : after_.blocks)
      Add("H10: no block appears but the new one",
          IsIn(b, before_.blocks) || !b.is_ours || (has_new && b.start == reply_.address));
    for (const auto& m : after_.mappings)
      Add("H10: no mapping appears but the new one",
          IsIn(m, before_.mappings) || !m.is_live || (has_new && m.block == reply_.address));
  }

  // Stronger than the frame, and easier to reason from.
  void AddKeptLists() {
    Bool somewhere(false);
    for (std::size_t at = 0; at <= before_.blocks.size(); ++at)
      if (IsPlace(called_, before_, after_.blocks.size(), at))
        somewhere = somewhere || AreSame(WithKept(called_, before_, after_, at), after_);
    Add("H11: the lists stay as they are around what is new or gone", somewhere);
  }

  void AddFreed(const Bool& frees) {
    Add("H6: what was freed leaves NULL", Implies(frees, reply_.address == 0));
    Add("H10: a freed block is in the books no more",
        Implies(frees, *called_.target == 0 || !IsLive(after_, *called_.target, 0)));
    Add("H4: freeing touches no payload", Implies(frees, Bool(events_.copies.empty() && events_.clears.empty())));
  }

  void AddBlock(const Bool& allocates) {
    const auto add = [&](const char* what, const Bool& holds) { Add(what, Implies(allocates, holds)); };
    const Bool valid = called_.valid_alignment.value_or(Bool(true));
    add("H8: an invalid alignment fails", valid);
    add("H8: an overflowing product fails", !called_.overflow.value_or(Bool(false)));
    add("H8: nothing beyond PTRDIFF_MAX succeeds", called_.payload <= kMaxBytes);
    add("H6: success is not NULL", reply_.address != 0);
    add("H2: the block is aligned", Implies(valid, IsMultiple(reply_.address, called_.alignment)) &&
                                        IsMultiple(reply_.address, kUnit));
    add("H3: the block is in the books and holds the request", IsLive(after_, reply_.address, called_.payload));
    add("H1: the block is none of those that were live", IsTarget(reply_.address) || !WasLive(reply_.address));
    if (reply_.is_zero) add("H5: fresh pages are zero", IsFresh());
    if (called_.clears) add("H5: the block is zero", IsFresh() || IsCleared());
  }

  Bool IsFresh() const {
    Bool fresh = called_.payload == 0;
    for (const auto& pages : events_.fresh)
      fresh = fresh || Inside(reply_.address, called_.payload, pages.start, pages.start + pages.length);
    return fresh;
  }

  Bool IsCleared() const {
    Bool cleared = called_.payload == 0;
    for (const auto& clear : events_.clears)
      cleared = cleared || (clear.to == reply_.address && clear.bytes >= called_.payload);
    return cleared;
  }

  // realloc: in place, moved by the kernel, or copied as far as the old block reached.
  void AddKept(const Bool& keeps) {
    const Word target = *called_.target;
    Bool kept = target == 0 || reply_.address == target || Bool(events_.remapped);
    for (const auto& copy : events_.copies)
      kept = kept || (copy.to == reply_.address && copy.from == target &&
                      (copy.bytes >= called_.payload || !IsLive(before_, target, copy.bytes + 1)));
    Add("H4: realloc keeps the prefix", Implies(keeps, kept));
    if (events_.remapped)
      for (const auto& m : before_.mappings)
        for (const auto& now : after_.mappings)
          Add("H4: a moved block stays where it was in its mapping",
              Implies(m.block == target && m.is_live && now.block == reply_.address && now.is_live,
                      now.block - now.start == m.block - m.start));
    Add("H10: the old block is in the books no more",
        Implies(keeps, target == 0 || reply_.address == target || !IsLive(after_, target, 0)));
  }

  const Called& called_;
  const ProofHeap& before_;
  const ProofHeap& after_;
  const ProofSystem::KernelState& kernel_before_;
  const ProofSystem::KernelState& kernel_after_;
  const ProofSystem::Events& events_;
  const ProofReply& reply_;
  const std::vector<Promise> standing_;
  std::vector<Promise> list_;
};

// Each mapping that the kernel granted is in the books, each in the books was granted.
void AddGrants(const Moment& moment, std::vector<Promise>& all) {
  for (const auto& grant : moment.kernel.grants) {
    Bool booked(false);
    for (const auto& m : moment.heap.mappings)
      booked = booked || (m.start == grant.start && m.length == grant.length);
    all.push_back({"K1: every mapping that is held is in the books", Implies(grant.is_held, booked)});
  }
  for (const auto& m : moment.heap.mappings) {
    Bool held(false);
    for (const auto& grant : moment.kernel.grants)
      held = held || (grant.is_held && m.start == grant.start && m.length == grant.length);
    all.push_back({"K1: every mapping in the books is held", held});
  }
}

}  // namespace

Called AllocateCall(const Word& size, const Word& alignment) {
  return {.entry = kAllocate, .arguments = {size, alignment}, .payload = size, .alignment = alignment,
          .is_step = true, .required = IsPowerOfTwo(alignment) && alignment >= kUnit};
}

Called FreeCall(const Word& address) {
  return {.entry = kFree, .arguments = {address}, .target = address, .only_frees = true, .is_step = true};
}

std::vector<Promise> Standing(const Moment& moment) {
  std::vector<Promise> all;
  for (const auto& condition : Invariant(moment.heap, kShipped))
    all.push_back({std::string("H11: ") + condition.what, condition.holds});
  const Word now = moment.kernel.program_break, end = moment.heap.end;
  all.push_back({"K1: the break is where the heap ends, or above it where others raised it",
                 end <= now && now < kAddressEnd});
  for (const auto& m : moment.heap.mappings)
    all.push_back({"K1: no mapping lies in what others raised", end == now || Disjoint(m.start, m.length, end, now - end)});
  AddGrants(moment, all);
  return all;
}

std::vector<Promise> Required(const Called& called, const Moment& before) {
  std::vector<Promise> all = Standing(before);
  if (called.required) all.push_back({"H2: a step is asked for a power of two from 16 on", *called.required});
  return all;
}

bool HasShape(const Called& called, const ProofHeap& before, const ProofReply& reply, std::size_t blocks,
              std::size_t mappings) {
  const std::size_t old_blocks = before.blocks.size(), old_mappings = before.mappings.size();
  const bool same = blocks == old_blocks && mappings == old_mappings;
  if (reply.is_misuse || reply.error != 0) return same && !(reply.is_misuse && !called.target) && !reply.is_zero;
  if (called.only_frees)  // a block, or a mapping together with all that the kernel had refused to take back
    return !reply.is_zero && (same || (blocks + 1 == old_blocks && mappings == old_mappings) ||
                              (blocks == old_blocks && mappings < old_mappings));
  if (called.target) return true;  // realloc: any of these, or both
  const bool in_heap = mappings == old_mappings && blocks > old_blocks && blocks <= old_blocks + kMostNewBlocks;
  return reply.is_zero ? blocks == old_blocks && mappings == old_mappings + 1 : in_heap;
}

bool IsPlace(const Called& called, const ProofHeap& before, std::size_t blocks, std::size_t at) {
  const std::size_t old_blocks = before.blocks.size();
  if (blocks == old_blocks) return at == 0;                  // no list changes there
  if (called.only_frees) return at < old_blocks;             // the block that is gone
  return blocks == old_blocks + 1 || at == old_blocks;       // others' memory and a block behind it come last
}

ProofHeap WithKept(const Called& called, const ProofHeap& before, ProofHeap after, std::size_t at) {
  const std::size_t old_blocks = before.blocks.size(), blocks = after.blocks.size();
  after.base = before.base;
  for (std::size_t i = 0; i < std::min(old_blocks, blocks); ++i) {
    if (blocks < old_blocks) after.blocks[i] = before.blocks[i < at ? i : i + 1];
    else after.blocks[i < at ? i : i + (blocks - old_blocks)] = before.blocks[i];
  }
  if (called.only_frees && blocks == old_blocks) {  // a mapping is freed
    after.end = before.end;
    return after;
  }
  after.mmap_threshold = before.mmap_threshold;
  after.trim_threshold = before.trim_threshold;
  for (std::size_t i = 0; i < std::min(before.mappings.size(), after.mappings.size()); ++i)
    after.mappings[i] = before.mappings[i];
  return after;
}

std::vector<Promise> Promises(const Called& called, const Moment& before, const Moment& after,
                              const ProofSystem::Events& events, const ProofReply& reply) {
  return Contract(called, before, after, events, reply).All();
}

std::vector<Promise> UsablePromises(const Word& address, const Moment& before, const Moment& after,
                                    const Word& usable) {
  Bool right = !IsLive(before.heap, address, 0) && usable == 0;
  for (const auto& b : before.heap.blocks) right = right || (b.is_ours && b.start == address && usable == b.length);
  for (const auto& m : before.heap.mappings)
    right = right || (m.is_live && m.block == address && usable == m.start + m.length - m.block);
  return {{"H7: asking for the usable size changes nothing", AreSame(before.heap, after.heap)},
          {"H3: the usable size reaches to the end of the block, and is 0 for what is none", right}};
}

}  // namespace breakproof::model::reference
