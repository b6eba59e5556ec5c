#include "tests/reference/theorems.h"

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "tests/reference/assumed_steps.h"
#include "tests/reference/contract.h"
#include "tests/reference/invariant.h"

namespace breakproof::model::reference {
namespace {

using Word = TermWord;
using Bool = TermBool;
using Whole = Allocator<ProofSystem>;                   // runs its steps
using Composed = Allocator<ProofSystem, AssumedSteps>;  // knows what they promise

// One call in any state of so many blocks and mappings, and everything claimed of it.
template <typename Subject>
class Step : public std::enable_shared_from_this<Step<Subject>> {  // a counterexample is told after the step is over
 public:
  Step(Prover& prover, int blocks, int mappings, const Called& called)
      : prover_(prover), called_(called), before_(AnyMoment(prover, "", blocks, mappings)), heap_(before_.heap),
        system_(prover, heap_, before_.kernel), subject_(system_, kShipped, heap_) {
    for (const Promise& required : Required(called_, before_)) prover_.Assume(required.holds);
  }

  Subject& subject() { return subject_; }

  void TellBeforehand() {
    prover_.TellBy([self = this->shared_from_this()](const Prover::ValueOf& value_of) { return self->Tell(value_of); });
  }

  void Expect(const ProofReply& reply) { Claim(Promises(called_, before_, Now(), system_.events(), reply)); }
  void ExpectUsable(const Word& usable) { Claim(UsablePromises(*called_.target, before_, Now(), usable)); }

 private:
  Moment Now() const { return {heap_, system_.kernel()}; }
  void Claim(const std::vector<Promise>& promises) {
    for (const Promise& promise : promises) prover_.Claim(promise.what, promise.holds);
  }

  static std::string Format(const char* format, ...) __attribute__((format(printf, 1, 2))) {
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return line;
  }

  std::string Tell(const Prover::ValueOf& value_of) const {
    const auto is = [&](Bool b) { return value_of(Select(b, 1, 0)) == 1; };
    const auto at = [&](Word word) { return static_cast<unsigned long long>(value_of(word)); };
    const auto base = at(before_.heap.base), end = at(before_.heap.end), now = at(before_.kernel.program_break);
    std::string text = Format("# the heap is [0x%llx, 0x%llx), the break 0x%llx\n", base, end, now);
    for (const auto& b : before_.heap.blocks) {
      const auto start = at(b.start), length = at(b.length);
      text += Format("#   block [0x%llx, 0x%llx), %s\n", start, start + length, is(b.is_ours) ? "live" : "somebody else's");
    }
    for (const auto& m : before_.heap.mappings) {
      const auto start = at(m.start), length = at(m.length), block = at(m.block);
      text += Format("#   mapping [0x%llx, 0x%llx), block 0x%llx, %s\n", start, start + length, block,
                     is(m.is_live) ? "live" : "not taken back");
    }
    const auto threshold = at(before_.heap.mmap_threshold), trim = at(before_.heap.trim_threshold);
    text += Format("#   thresholds 0x%llx and 0x%llx\n", threshold, trim);
    text += "t0  " + std::string(called_.entry);
    for (const Word& argument : called_.arguments) text += Format(" 0x%llx", at(argument));
    return text + "\n" + system_.Tell(value_of);
  }

  Prover& prover_;
  const Called called_;
  const Moment before_;
  ProofHeap heap_;
  ProofSystem system_;
  Subject subject_;
};

template <typename Subject>
std::shared_ptr<Step<Subject>> Begin(Prover& prover, int blocks, int mappings, const Called& called) {
  const auto step = std::make_shared<Step<Subject>>(prover, blocks, mappings, called);
  step->TellBeforehand();
  return step;
}

// Any arguments; the same name is the same value.
Word Size() { return Prover::Any("size"); }
Word Alignment() { return Prover::Any("alignment"); }
Word Count() { return Prover::Any("count"); }
Word Address() { return Prover::Any("address"); }

void Empty(Prover& prover, int, int) {
  ProofHeap heap{0, 0, 0, 0, {}, {}};
  ProofSystem system(prover, heap, {prover.Any("break"), {}});
  prover.Assume(system.Break() >= kLowestAddress && system.Break() < kAddressEnd);
  heap = EmptyHeap(system, kShipped);
  for (const Promise& promise : Standing({heap, system.kernel()})) prover.Claim(promise.what, promise.holds);
  prover.Claim("nothing is held", heap.end == system.Break() && heap.base == heap.end);
}

void AllocateStep(Prover& prover, int blocks, int mappings) {
  const auto step = Begin<Whole>(prover, blocks, mappings, AllocateCall(Size(), Alignment()));
  step->Expect(step->subject().Allocate(Size(), Alignment()));
}

void FreeStep(Prover& prover, int blocks, int mappings) {
  const auto step = Begin<Whole>(prover, blocks, mappings, FreeCall(Address()));
  step->Expect(step->subject().Free(Address()));
}

void Usable(Prover& prover, int blocks, int mappings) {
  const Called called{.entry = "malloc_usable_size", .arguments = {Address()}, .target = Address()};
  const auto step = Begin<Whole>(prover, blocks, mappings, called);
  step->ExpectUsable(step->subject().UsableSize(Address()));
}

void Malloc(Prover& prover, int blocks, int mappings) {
  const Called called{.entry = "malloc", .arguments = {Size()}, .payload = Size()};
  const auto step = Begin<Composed>(prover, blocks, mappings, called);
  step->Expect(step->subject().Malloc(Size()));
}

Called Aligned(const char* entry, const Bool& valid) {
  return {.entry = entry, .arguments = {Alignment(), Size()}, .payload = Size(), .alignment = Alignment(),
          .valid_alignment = valid};
}

void AlignedAlloc(Prover& prover, int blocks, int mappings) {
  const auto step =
      Begin<Composed>(prover, blocks, mappings, Aligned("aligned_alloc", IsPowerOfTwo(Alignment())));
  step->Expect(step->subject().AlignedAlloc(Alignment(), Size()));
}

void Memalign(Prover& prover, int blocks, int mappings) {
  const auto step = Begin<Composed>(prover, blocks, mappings, Aligned("memalign", IsPowerOfTwo(Alignment())));
  step->Expect(step->subject().Memalign(Alignment(), Size()));
}

void PosixMemalign(Prover& prover, int blocks, int mappings) {
  const Bool valid = IsPowerOfTwo(Alignment()) && IsMultiple(Alignment(), sizeof(void*));
  const auto step = Begin<Composed>(prover, blocks, mappings, Aligned("posix_memalign", valid));
  step->Expect(step->subject().PosixMemalign(Alignment(), Size()));
}

void Valloc(Prover& prover, int blocks, int mappings) {
  const Called called{.entry = "valloc", .arguments = {Size()}, .payload = Size(), .alignment = kPageBytes};
  const auto step = Begin<Composed>(prover, blocks, mappings, called);
  step->Expect(step->subject().Valloc(Size()));
}

void Pvalloc(Prover& prover, int blocks, int mappings) {
  // Beyond PTRDIFF_MAX the rounded size may wrap: there the request itself is the payload.
  const Word payload = Select(Size() > kMaxBytes, Size(), RoundUp(Size(), kPageBytes));
  const Called called{.entry = "pvalloc", .arguments = {Size()}, .payload = payload, .alignment = kPageBytes};
  const auto step = Begin<Composed>(prover, blocks, mappings, called);
  step->Expect(step->subject().Pvalloc(Size()));
}

void Calloc(Prover& prover, int blocks, int mappings) {
  const Called called{.entry = "calloc", .arguments = {Count(), Size()}, .payload = ProductLow(Count(), Size()),
                      .clears = true, .overflow = ProductHigh(Count(), Size()) != 0};
  const auto step = Begin<Composed>(prover, blocks, mappings, called);
  step->Expect(step->subject().Calloc(Count(), Size()));
}

void Realloc(Prover& prover, int blocks, int mappings) {
  const Called called{.entry = "realloc", .arguments = {Address(), Size()}, .payload = Size(), .target = Address()};
  const auto step = Begin<Composed>(prover, blocks, mappings, called);
  step->Expect(step->subject().Realloc(Address(), Size()));
}

void Reallocarray(Prover& prover, int blocks, int mappings) {
  const Called called{.entry = "reallocarray", .arguments = {Address(), Count(), Size()},
                      .payload = ProductLow(Count(), Size()), .target = Address(),
                      .overflow = ProductHigh(Count(), Size()) != 0};
  const auto step = Begin<Composed>(prover, blocks, mappings, called);
  step->Expect(step->subject().Reallocarray(Address(), Count(), Size()));
}

}  // namespace

const std::vector<StepTheorem>& StepTheorems() {
  using Kind = StepTheorem::Kind;
  static const std::vector<StepTheorem> theorems = {
      {"R1", "The empty heap satisfies the invariant, wherever the break is.", Empty, Kind::kStart},
      {"R2", "The step Allocate, of any size at any power of two from 16 on, keeps the invariant and its promises.",
       AllocateStep, Kind::kStep, kAllocate},
      {"R3", "The step free, of any address, keeps the invariant and its promises.", FreeStep,
       Kind::kStepBehindAllocate, kFree},
      {"R4", "malloc_usable_size of any address is right and changes nothing.", Usable, Kind::kStep},
      {"R5", "malloc of any size keeps the invariant and its promises.", Malloc},
      {"R6", "aligned_alloc of any size and alignment keeps the invariant and its promises.", AlignedAlloc},
      {"R7", "memalign of any size and alignment keeps the invariant and its promises.", Memalign},
      {"R8", "posix_memalign of any size and alignment keeps the invariant and its promises.", PosixMemalign},
      {"R9", "valloc of any size keeps the invariant and its promises.", Valloc},
      {"R10", "pvalloc of any size keeps the invariant and its promises.", Pvalloc},
      {"R11", "calloc of any count and size keeps the invariant and its promises.", Calloc},
      {"R12", "realloc of any address to any size keeps the invariant and its promises.", Realloc},
      {"R13", "reallocarray of any address, count and size keeps the invariant and its promises.", Reallocarray},
  };
  return theorems;
}

namespace {

std::set<StateSize> SizesOf(StepTheorem::Kind kind, int largest) {
  if (kind == StepTheorem::Kind::kStart) return {{0, 0}};
  std::set<StateSize> sizes;
  for (int blocks = 0; blocks <= largest; ++blocks) {
    for (int mappings = 0; blocks + mappings <= largest; ++mappings) {
      sizes.insert({blocks, mappings});
      if (kind != StepTheorem::Kind::kStepBehindAllocate) continue;
      for (int more = 1; more <= static_cast<int>(kMostNewBlocks); ++more) sizes.insert({blocks + more, mappings});
      sizes.insert({blocks, mappings + 1});
    }
  }
  return sizes;
}

}  // namespace

std::set<std::string> ProvedSteps(const StepTheorem& theorem, int largest) {
  std::set<std::string> steps;
  if (theorem.step == nullptr) return steps;
  for (const auto& [blocks, mappings] : SizesOf(theorem.kind, largest))
    steps.insert(StepFrom(theorem.step, blocks, mappings));
  return steps;
}

Prover::Outcome Prove(const StepTheorem& theorem, int largest, std::optional<StateSize> only) {
  Prover::Outcome total;
  total.verdict = Prover::Verdict::kVacuous;  // until there was a state
  for (const auto [blocks, mappings] : SizesOf(theorem.kind, largest)) {
    if (only && *only != StateSize{blocks, mappings}) continue;
    Prover prover(theorem.kind == StepTheorem::Kind::kEntry ? Prover::kOlder : Prover::kNewer);
    Prover::Outcome outcome =
        prover.Explore([&, b = blocks, m = mappings](Prover& run) { theorem.body(run, b, m); });
    outcome.paths += total.paths;
    outcome.claims += total.claims;
    outcome.questions += total.questions;
    outcome.relies_on.merge(total.relies_on);
    total = std::move(outcome);
    if (total.verdict != Prover::Verdict::kProved) break;
  }
  return total;
}

}  // namespace breakproof::model::reference
