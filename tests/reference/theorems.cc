#include "tests/reference/theorems.h"

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <optional>

#include "tests/reference/invariant.h"
#include "tests/reference/proof_system.h"

namespace breakproof::model::reference {
namespace {

using Word = TermWord;
using Bool = TermBool;
using ProofHeap = Heap<ProofSystem>;
using ProofAllocator = Allocator<ProofSystem>;
using Reply = ProofAllocator::Reply;

constexpr Policy kShipped;

ProofHeap AnyHeap(Prover& prover, int blocks, int mappings) {
  ProofHeap heap{prover.Any("base"), prover.Any("end"), prover.Any("mmap threshold"), prover.Any("trim threshold"), {}, {}};
  for (int i = 0; i < blocks; ++i) {
    const std::string name = "block " + std::to_string(i) + " ";
    heap.blocks.push_back({prover.Any(name + "start"), prover.Any(name + "length"), prover.Any(name + "ours") == 1});
  }
  for (int i = 0; i < mappings; ++i) {
    const std::string name = "mapping " + std::to_string(i) + " ";
    heap.mappings.push_back({prover.Any(name + "start"), prover.Any(name + "length"), prover.Any(name + "block"),
                             prover.Any(name + "live") == 1});
  }
  return heap;
}

// What one call was, as far as its promises go.
struct Called {
  const char* entry;
  std::vector<Word> arguments;  // for the counterexample
  Word payload;                 // bytes
  Word alignment;
  std::optional<Word> target;   // the block that it may end: of realloc and free
  bool clears = false;
  bool only_frees = false;
  std::optional<Bool> overflow;  // of the product
  std::optional<Bool> valid_alignment;
};

// One step from any state that satisfies the invariant, and everything claimed of it.
class Step : public std::enable_shared_from_this<Step> {  // a counterexample is told after the step is over
 public:
  Step(Prover& prover, int blocks, int mappings)
      : prover_(prover), system_(prover), heap_(AnyHeap(prover, blocks, mappings)), before_(heap_),
        allocator_(system_, kShipped, heap_) {
    for (const auto& condition : Invariant(heap_, kShipped)) prover_.Assume(condition.holds);
    system_.Assume(heap_);
  }

  ProofAllocator& allocator() { return allocator_; }

  void Expect(const Called& called, const Reply& reply) {
    prover_.TellBy([self = shared_from_this(), called](const Prover::ValueOf& value_of) { return self->Tell(called, value_of); });
    for (const auto& condition : Invariant(heap_, kShipped)) Claim(std::string("H11: ") + condition.what, condition.holds);
    ExpectBooksOfGrants();
    ExpectBreak();
    ExpectThresholds(called);
    if (reply.is_misuse) {
      Claim("U1: only what is no live block is rejected", !WasLive(*called.target));
      return ExpectSame("U1: rejected misuse changes nothing");
    }
    if (reply.error != 0) return ExpectFailure(called, reply);
    ExpectFrame(called, reply);
    if (called.target) Claim("U1: what is no live block is rejected", *called.target == 0 || WasLive(*called.target));
    if (IsFreed(called)) return ExpectFreed(called, reply);
    ExpectBlock(called, reply);
    if (called.target) ExpectKept(called, reply);
    if (called.clears) ExpectCleared(called, reply);
  }

  void ExpectUsable(const Called& called, Word usable) {
    prover_.TellBy([self = shared_from_this(), called](const Prover::ValueOf& value_of) { return self->Tell(called, value_of); });
    ExpectSame("H7: asking for the usable size changes nothing");
    Bool right = !WasLive(*called.target) && usable == 0;
    for (const auto& b : before_.blocks) right = right || (b.is_ours && b.start == *called.target && usable == b.length);
    for (const auto& m : before_.mappings)
      right = right || (m.is_live && m.block == *called.target && usable == m.start + m.length - m.block);
    Claim("H3: the usable size reaches to the end of the block, and is 0 for what is none", right);
  }

 private:
  void Claim(const std::string& label, Bool condition) { prover_.Claim(label, condition); }
  static Bool Implies(Bool x, Bool y) { return !x || y; }
  static Bool Same(const Block<ProofSystem>& x, const Block<ProofSystem>& y) {
    return x.start == y.start && x.length == y.length && x.is_ours == y.is_ours;
  }
  static Bool Same(const Mapping<ProofSystem>& x, const Mapping<ProofSystem>& y) {
    return x.start == y.start && x.length == y.length && x.block == y.block && x.is_live == y.is_live;
  }
  template <typename Piece>
  static Bool IsIn(const Piece& piece, const std::vector<Piece>& list) {
    Bool is_in(false);
    for (const Piece& other : list) is_in = is_in || Same(piece, other);
    return is_in;
  }
  static Bool IsLiveIn(const ProofHeap& heap, Word address, Word bytes) {
    Bool live(false);
    for (const auto& b : heap.blocks) live = live || (b.is_ours && b.start == address && bytes <= b.length);
    for (const auto& m : heap.mappings)
      live = live || (m.is_live && m.block == address && bytes <= m.start + m.length - m.block);
    return live;
  }
  Bool WasLive(Word address) const { return IsLiveIn(before_, address, 0); }

  bool IsFreed(const Called& called) {  // realloc(p, 0) frees: the path has decided on it before
    return called.only_frees || (called.target && prover_.Decide(*called.target != 0 && called.payload == 0));
  }

  void ExpectBooksOfGrants() {
    for (const auto& grant : system_.grants()) {
      Bool booked(false);
      for (const auto& m : heap_.mappings) booked = booked || (m.start == grant.start && m.length == grant.length);
      Claim("K1: every mapping that is held is in the books", Implies(grant.is_held, booked));
    }
    for (const auto& m : heap_.mappings) {
      Bool held(false);
      for (const auto& grant : system_.grants())
        held = held || (grant.is_held && m.start == grant.start && m.length == grant.length);
      Claim("K1: every mapping in the books is held", held);
    }
  }

  // The heap ends where the break was put, and what others raised in between is marked as theirs.
  void ExpectBreak() {
    Claim("K1: the heap ends where the break was put", heap_.end == (system_.moved_break() ? system_.Break() : before_.end));
    Claim("K1: the heap begins where it began", heap_.base == before_.base);
    const Word foreign_end = prover_.Any("break");  // before the step
    if (!system_.moved_break()) return;
    Bool marked = foreign_end == before_.end;
    for (const auto& b : heap_.blocks)
      marked = marked || (!b.is_ours && b.start == before_.end && b.length == foreign_end - before_.end);
    Claim("H1: memory of others between two growths is not ours", marked);
  }

  void ExpectThresholds(const Called& called) {
    Bool rose(false), stayed = heap_.mmap_threshold == before_.mmap_threshold && heap_.trim_threshold == before_.trim_threshold;
    for (const auto& m : before_.mappings) {
      if (!called.target) break;
      const Bool counts = m.is_live && m.block == *called.target && m.length >= before_.mmap_threshold &&
                          m.length <= kShipped.max_threshold - kPageBytes;
      const Bool risen = heap_.mmap_threshold == m.length + kPageBytes && heap_.trim_threshold == heap_.mmap_threshold + heap_.mmap_threshold;
      rose = rose || (counts && risen);
      if (called.only_frees) Claim("K1: the thresholds rise when a mapping of their length is freed", Implies(counts, risen));
    }
    Claim("K1: the thresholds move only when a mapping of their length is freed", rose || stayed);
  }

  void ExpectSame(const char* label) {
    Bool same(heap_.blocks.size() == before_.blocks.size() && heap_.mappings.size() == before_.mappings.size());
    for (const auto& block : heap_.blocks) same = same && IsIn(block, before_.blocks);
    for (const auto& mapping : heap_.mappings) same = same && IsIn(mapping, before_.mappings);
    Claim(label, same && heap_.end == before_.end && heap_.mmap_threshold == before_.mmap_threshold);
  }

  void ExpectFailure(const Called& called, const Reply& reply) {
    ExpectSame("H7: a failed call changes nothing");
    Claim("H6: a failed call returns NULL", reply.address == 0);
    const Bool valid = called.valid_alignment.value_or(Bool(true));
    if (reply.error == EINVAL) return Claim("H6: EINVAL means an invalid alignment", !valid);
    Claim("H6: errors are EINVAL and ENOMEM", Bool(reply.error == ENOMEM));
    Claim("H8: an invalid alignment is EINVAL", valid);
    constexpr std::uint64_t kLimit = kMaxBytes - 2 * kPageBytes;
    const Bool beyond = called.payload > kLimit || called.alignment > kLimit || called.payload + called.alignment > kLimit;
    Claim("H14: ENOMEM means that the kernel refused, or that the request is beyond PTRDIFF_MAX",
          Bool(system_.refusals() > 0) || called.overflow.value_or(Bool(false)) || beyond);
  }

  void ExpectFreed(const Called& called, const Reply& reply) {
    Claim("H6: what was freed leaves NULL", reply.address == 0);
    Claim("H10: a freed block is in the books no more", *called.target == 0 || !IsLiveIn(heap_, *called.target, 0));
    Claim("H4: freeing touches no payload", Bool(system_.copies().empty() && system_.clears().empty()));
  }

  // What was there before is there still, and nothing else is new.
  void ExpectFrame(const Called& called, const Reply& reply) {
    const auto is_target = [&](Word address) { return called.target ? address == *called.target : Bool(false); };
    for (const auto& b : before_.blocks)
      Claim("H7: no other block changes", (b.is_ours && is_target(b.start)) || IsIn(b, heap_.blocks));
    for (const auto& m : before_.mappings)
      Claim("H7: no other mapping changes", !m.is_live || is_target(m.block) || IsIn(m, heap_.mappings));
    for (const auto& b : heap_.blocks)
      Claim("H10: no block appears but the new one",
            IsIn(b, before_.blocks) || !b.is_ours || (b.start == reply.address && reply.address != 0));
    for (const auto& m : heap_.mappings)
      Claim("H10: no mapping appears but the new one",
            IsIn(m, before_.mappings) || !m.is_live || (m.block == reply.address && reply.address != 0));
  }

  void ExpectBlock(const Called& called, const Reply& reply) {
    const Bool valid = called.valid_alignment.value_or(Bool(true));
    Claim("H8: an invalid alignment fails", valid);
    Claim("H8: an overflowing product fails", !called.overflow.value_or(Bool(false)));
    Claim("H8: nothing beyond PTRDIFF_MAX succeeds", called.payload <= kMaxBytes);
    Claim("H6: success is not NULL", reply.address != 0);
    Claim("H2: the block is aligned", Implies(valid, IsMultiple(reply.address, called.alignment)) && IsMultiple(reply.address, kUnit));
    Claim("H3: the block is in the books and holds the request", IsLiveIn(heap_, reply.address, called.payload));
    const Bool is_target = called.target ? reply.address == *called.target : Bool(false);
    Claim("H1: the block is none of those that were live", is_target || !WasLive(reply.address));
  }

  // realloc: in place, moved by the kernel, or copied as far as the old block reached.
  void ExpectKept(const Called& called, const Reply& reply) {
    Bool kept = *called.target == 0 || reply.address == *called.target || Bool(system_.remapped());
    for (const auto& copy : system_.copies())
      kept = kept || (copy.to == reply.address && copy.from == *called.target &&
                      (copy.bytes >= called.payload || !IsLiveIn(before_, *called.target, copy.bytes + 1)));
    Claim("H4: realloc keeps the prefix", kept);
    for (const auto& m : before_.mappings)
      for (const auto& now : heap_.mappings)
        if (system_.remapped())
          Claim("H4: a moved block stays where it was in its mapping",
                Implies(m.block == *called.target && m.is_live && now.block == reply.address && now.is_live,
                        now.block - now.start == m.block - m.start));
    Claim("H10: the old block is in the books no more",
          *called.target == 0 || reply.address == *called.target || !IsLiveIn(heap_, *called.target, 0));
  }

  void ExpectCleared(const Called& called, const Reply& reply) {
    Bool zero = called.payload == 0;
    for (const auto& clear : system_.clears()) zero = zero || (clear.to == reply.address && clear.bytes >= called.payload);
    if (system_.mapped()) zero = zero || heap_.mappings.back().block == reply.address;  // fresh pages
    Claim("H5: the block is zero", zero);
  }

  static std::string Format(const char* format, ...) __attribute__((format(printf, 1, 2))) {
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return line;
  }

  std::string Tell(const Called& called, const Prover::ValueOf& value_of) const {
    const auto is = [&](Bool b) { return value_of(Select(b, 1, 0)) == 1; };
    const auto at = [&](Word word) { return static_cast<unsigned long long>(value_of(word)); };
    const auto base = at(before_.base), end = at(before_.end), now = at(prover_.Any("break"));
    std::string text = Format("# the heap is [0x%llx, 0x%llx), the break 0x%llx\n", base, end, now);
    for (const auto& b : before_.blocks) {
      const auto start = at(b.start), length = at(b.length);
      text += Format("#   block [0x%llx, 0x%llx), %s\n", start, start + length, is(b.is_ours) ? "live" : "somebody else's");
    }
    for (const auto& m : before_.mappings) {
      const auto start = at(m.start), length = at(m.length), block = at(m.block);
      text += Format("#   mapping [0x%llx, 0x%llx), block 0x%llx, %s\n", start, start + length, block,
                     is(m.is_live) ? "live" : "not taken back");
    }
    const auto threshold = at(before_.mmap_threshold), trim = at(before_.trim_threshold);
    text += Format("#   thresholds 0x%llx and 0x%llx\n", threshold, trim);
    text += "t0  " + std::string(called.entry);
    for (const Word& argument : called.arguments) text += Format(" 0x%llx", at(argument));
    return text + "\n" + system_.Tell(value_of);
  }

  Prover& prover_;
  ProofSystem system_;
  ProofHeap heap_;
  const ProofHeap before_;
  ProofAllocator allocator_;
};

Called Plain(const char* entry, Word size, Word payload, Word alignment) {
  return {.entry = entry, .arguments = {size}, .payload = payload, .alignment = alignment, .target = {}, .overflow = {},
          .valid_alignment = {}};
}

void Malloc(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word size = prover.Any("size");
  step->Expect(Plain("malloc", size, size, kUnit), step->allocator().Malloc(size));
}

void Aligned(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word size = prover.Any("size"), alignment = prover.Any("alignment");
  Called called = Plain("aligned_alloc", alignment, size, alignment);
  called.arguments.push_back(size);
  called.valid_alignment = IsPowerOfTwo(alignment);
  step->Expect(called, step->allocator().AlignedAlloc(alignment, size));
}

void PosixAligned(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word size = prover.Any("size"), alignment = prover.Any("alignment");
  Called called = Plain("posix_memalign", alignment, size, alignment);
  called.arguments.push_back(size);
  called.valid_alignment = IsPowerOfTwo(alignment) && IsMultiple(alignment, sizeof(void*));
  step->Expect(called, step->allocator().PosixMemalign(alignment, size));
}

void Valloc(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word size = prover.Any("size");
  step->Expect(Plain("valloc", size, size, kPageBytes), step->allocator().Valloc(size));
}

void Pvalloc(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word size = prover.Any("size");
  // Beyond PTRDIFF_MAX the rounded size may wrap: there the request itself is the payload.
  const Word payload = Select(size > kMaxBytes, size, RoundUp(size, kPageBytes));
  step->Expect(Plain("pvalloc", size, payload, kPageBytes), step->allocator().Pvalloc(size));
}

void Calloc(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word count = prover.Any("count"), size = prover.Any("size");
  Called called = Plain("calloc", count, ProductLow(count, size), kUnit);
  called.arguments.push_back(size);
  called.clears = true;
  called.overflow = ProductHigh(count, size) != 0;
  step->Expect(called, step->allocator().Calloc(count, size));
}

void Realloc(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word address = prover.Any("address"), size = prover.Any("size");
  Called called = Plain("realloc", address, size, kUnit);
  called.arguments.push_back(size);
  called.target = address;
  step->Expect(called, step->allocator().Realloc(address, size));
}

void Reallocarray(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word address = prover.Any("address"), count = prover.Any("count"), size = prover.Any("size");
  Called called = Plain("reallocarray", address, ProductLow(count, size), kUnit);
  called.arguments.insert(called.arguments.end(), {count, size});
  called.target = address;
  called.overflow = ProductHigh(count, size) != 0;
  step->Expect(called, step->allocator().Reallocarray(address, count, size));
}

void Free(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word address = prover.Any("address");
  Called called = Plain("free", address, 0, kUnit);
  called.target = address;
  called.only_frees = true;
  step->Expect(called, step->allocator().Free(address));
}

void Usable(Prover& prover, int blocks, int mappings) {
  const auto step = std::make_shared<Step>(prover, blocks, mappings);
  const Word address = prover.Any("address");
  Called called = Plain("malloc_usable_size", address, 0, kUnit);
  called.target = address;
  step->ExpectUsable(called, step->allocator().UsableSize(address));
}

void Empty(Prover& prover, int, int) {
  ProofSystem system(prover);
  prover.Assume(system.Break() >= kLowestAddress && system.Break() < kAddressEnd);
  const ProofHeap heap = EmptyHeap(system, kShipped);
  for (const auto& condition : Invariant(heap, kShipped)) prover.Claim(condition.what, condition.holds);
  prover.Claim("nothing is held", heap.end == system.Break() && heap.base == heap.end);
}

}  // namespace

const std::vector<StepTheorem>& StepTheorems() {
  static const std::vector<StepTheorem> theorems = {
      {"R1", "The empty heap satisfies the invariant, wherever the break is.", Empty, 0},
      {"R2", "malloc of any size keeps the invariant and its promises.", Malloc},
      {"R3", "aligned_alloc and memalign of any size and alignment keep the invariant and their promises.", Aligned},
      {"R4", "posix_memalign of any size and alignment keeps the invariant and its promises.", PosixAligned, 2},
      {"R5", "valloc of any size keeps the invariant and its promises.", Valloc, 2},
      {"R6", "pvalloc of any size keeps the invariant and its promises.", Pvalloc, 2},
      {"R7", "calloc of any count and size keeps the invariant and its promises.", Calloc, 2},
      {"R8", "realloc of any address to any size keeps the invariant and its promises.", Realloc, 2},
      {"R9", "reallocarray of any address, count and size keeps the invariant and its promises.", Reallocarray, 1},
      {"R10", "free of any address keeps the invariant and its promises.", Free},
      {"R11", "malloc_usable_size of any address is right and changes nothing.", Usable},
  };
  return theorems;
}

Prover::Outcome Prove(const StepTheorem& theorem, int largest) {
  Prover::Outcome total;
  for (int count = 0; count <= (theorem.largest == 0 ? 0 : largest); ++count) {
    for (int mappings = 0; mappings <= count; ++mappings) {
      Prover prover;
      const auto outcome =
          prover.Explore([&](Prover& run) { theorem.body(run, count - mappings, mappings); });
      total.paths += outcome.paths;
      total.claims += outcome.claims;
      total.questions += outcome.questions;
      total.verdict = outcome.verdict;
      total.label = outcome.label;
      total.counterexample = outcome.counterexample;
      if (outcome.verdict != Prover::Verdict::kProved) return total;
    }
  }
  return total;
}

}  // namespace breakproof::model::reference
