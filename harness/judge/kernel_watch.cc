#include "harness/judge/kernel_watch.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "harness/judge/lock_step.h"
#include "harness/judge/repetition.h"
#include "harness/support/address_set.h"

namespace breakproof::harness {
namespace {

using model::KernelCallKind;
using model::RuleId;
using model::Violation;

constexpr std::uint64_t kPage = 4096;

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::uint64_t RoundUp(std::uint64_t address) { return (address + kPage - 1) / kPage * kPage; }

Range Pages(std::uint64_t address, std::uint64_t bytes) {
  return {address / kPage * kPage, RoundUp(address + bytes)};
}

std::string Print(Range range) {
  char text[64];
  std::snprintf(text, sizeof text, "[0x%llx, 0x%llx)", static_cast<unsigned long long>(range.begin),
                static_cast<unsigned long long>(range.end));
  return text;
}

bool Discards(std::uint64_t advice) { return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE; }

class Watch {
 public:
  explicit Watch(const KernelLog& log) : log_(log), break_(log.initial_break) {
    others_.Add(log.harness_begin, log.harness_end);
  }

  // The calls that the operation with this index made; the first rule that one of them breaks.
  std::optional<Violation> Look(std::size_t index, const Operation& operation, const Outcome& outcome,
                                const model::HeapModel& heap) {
    std::optional<Violation> first;
    was_refused_ = false;
    for (; next_ < log_.calls.size() && log_.calls[next_].operation <= index; ++next_) {
      const LogRecord& call = log_.calls[next_];
      if (operation.kind != OperationKind::kCall) {
        FollowProgram(call, operation, outcome);
        continue;
      }
      ++judged_;
      was_refused_ |= call.error != 0;
      if (call.error != 0) continue;
      if (auto violation = Judge(call, operation, outcome, heap); violation && !first) first = std::move(violation);
      Follow(call);
    }
    return first;
  }

  // Threads start and end unwatched, and the subject may be called for it: what it gave back before it may hold again.
  void LookAway() {
    released_ = {};
    is_break_known_ = false;
  }

  // A new block must not lie in memory that is not the subject's.
  std::optional<Violation> LookAtResult(const Operation& operation, const Outcome& outcome,
                                        const model::HeapModel& heap) const {
    if (operation.kind != OperationKind::kCall || outcome.address == 0) return std::nullopt;
    const auto block = heap.blocks().find(outcome.address);
    if (block == heap.blocks().end()) return std::nullopt;
    const Range payload = {block->first, block->first + block->second.payload};
    if (!others_.Touches(payload.begin, payload.end)) return std::nullopt;
    return Violation{RuleId::kH1, "a block lies in the allocator's own memory",
                     Print(payload) + " is in memory that the program took by sbrk, or the harness's"};
  }

  std::uint64_t footprint() const { return held_.total(); }
  std::uint64_t judged() const { return judged_; }
  bool was_refused() const { return was_refused_; }  // a call of the operation that was looked at last

 private:
  // The pages that go when the break is lowered to `to`.
  Range Lowered(std::uint64_t to) const { return {RoundUp(to), RoundUp(break_)}; }

  // The pages that a call takes away or discards; empty if it does neither.
  Range Taken(const LogRecord& record) const {
    const model::KernelCall& call = record.call;
    switch (call.kind) {
      case KernelCallKind::kBrk:
        return is_break_known_ && record.result < break_ ? Lowered(record.result) : Range{};
      case KernelCallKind::kMmap:
        return (call.detail >> 32 & MAP_FIXED) != 0 ? Pages(call.address, call.length) : Range{};
      case KernelCallKind::kMunmap:
      case KernelCallKind::kMremap:
        return Pages(call.address, call.length);
      case KernelCallKind::kMprotect:
        return (~call.detail & (PROT_READ | PROT_WRITE)) != 0 ? Pages(call.address, call.length) : Range{};
      case KernelCallKind::kMadvise:
        return Discards(call.detail) ? Pages(call.address, call.length) : Range{};
    }
    return {};
  }

  std::optional<Violation> Judge(const LogRecord& record, const Operation& operation, const Outcome& outcome,
                                 const model::HeapModel& heap) const {
    const Range taken = Taken(record);
    if (taken.begin >= taken.end) return std::nullopt;
    const std::string name = model::NameOf(record.call.kind);
    const bool discards = record.call.kind == KernelCallKind::kMadvise;
    auto block = LiveBlockIn(taken, outcome.argument, heap);
    if (!block && discards) block = KeptInPlaceIn(taken, operation, outcome, heap);
    if (block) {
      return Violation{discards ? RuleId::kH4 : RuleId::kH1,
                       name + (discards ? " leaves the bytes of live blocks alone" : " leaves the pages of live blocks alone"),
                       Print(taken) + " holds live payload " + Print(*block)};
    }
    if (record.call.kind == KernelCallKind::kMmap) return std::nullopt;  // it becomes the subject's
    if (released_.Touches(taken.begin, taken.end)) {
      return Violation{RuleId::kK9, name + " concerns memory that the allocator holds",
                       "part of " + Print(taken) + " was given back before"};
    }
    if (others_.Touches(taken.begin, taken.end)) {
      return Violation{RuleId::kK9, name + " concerns memory that the allocator holds",
                       "part of " + Print(taken) + " is not the allocator's"};
    }
    return std::nullopt;
  }

  // The payload of a live block, but for the one that the operation is about, with a byte in the range.
  static std::optional<Range> LiveBlockIn(Range range, std::uint64_t argument, const model::HeapModel& heap) {
    auto block = heap.blocks().lower_bound(range.end);
    while (block != heap.blocks().begin()) {
      --block;
      const Range payload = {block->first, block->first + block->second.payload};
      const bool is_touched = payload.end > range.begin && payload.begin < payload.end;
      if (is_touched && block->first != argument) return payload;
      // Blocks are disjoint: below one with bytes in front of the range there is nothing.
      if (payload.begin < range.begin && payload.begin < payload.end && block->first != argument) return std::nullopt;
    }
    return std::nullopt;
  }

  // What realloc must keep of a block that stays where it is, with a byte in the range.
  static std::optional<Range> KeptInPlaceIn(Range range, const Operation& operation, const Outcome& outcome,
                                            const model::HeapModel& heap) {
    const auto block = heap.blocks().find(outcome.argument);
    if (block == heap.blocks().end() || outcome.address != outcome.argument) return std::nullopt;
    const std::uint64_t payload = std::min(block->second.payload, operation.size * operation.count);
    const Range kept = {block->first, block->first + payload};
    if (kept.end <= range.begin || kept.begin >= range.end) return std::nullopt;
    return kept;
  }

  void Obtain(Range range) {
    held_.Add(range.begin, range.end);
    released_.Remove(range.begin, range.end);
    others_.Remove(range.begin, range.end);
  }

  void Release(Range range) {
    held_.Remove(range.begin, range.end);
    released_.Add(range.begin, range.end);
  }

  void Follow(const LogRecord& record) {
    const model::KernelCall& call = record.call;
    switch (call.kind) {
      case KernelCallKind::kBrk:
        if (is_break_known_ && record.result > break_) Obtain({break_, RoundUp(record.result)});  // the kernel maps pages
        if (is_break_known_ && record.result < break_) Release(Lowered(record.result));
        break_ = record.result;
        is_break_known_ = true;
        return;
      case KernelCallKind::kMmap:
        return Obtain(Pages(record.result, call.length));
      case KernelCallKind::kMunmap:
        return Release(Pages(call.address, call.length));
      case KernelCallKind::kMremap:
        if ((call.detail & MREMAP_DONTUNMAP) == 0) Release(Pages(call.address, call.length));
        return Obtain(Pages(record.result, call.new_length));
      default:
        return;
    }
  }

  // What the program itself does to the break.
  void FollowProgram(const LogRecord& record, const Operation& operation, const Outcome& outcome) {
    if (record.call.kind != KernelCallKind::kBrk) return;
    if (operation.kind == OperationKind::kSbrk && record.result > outcome.address) {
      others_.Add(outcome.address, record.result);
      released_.Remove(outcome.address, record.result);
    }
    if (is_break_known_ && record.result < break_) others_.Remove(record.result, break_);
    break_ = record.result;
    is_break_known_ = true;
  }

  const KernelLog& log_;
  std::size_t next_ = 0;
  std::uint64_t break_;
  bool is_break_known_ = true;
  AddressSet held_;      // obtained while watched
  AddressSet released_;  // given back while watched, and not obtained again
  AddressSet others_;    // the program's and the harness's
  std::uint64_t judged_ = 0;
  bool was_refused_ = false;
};

// Which threads run.
class Threads {
 public:
  // Whether a thread starts before the operation, or ends behind it.
  bool StartsOrEnds(const Operation& operation) {
    bool& is_running = is_running_[operation.thread];
    const bool starts = !is_running;
    is_running = operation.kind != OperationKind::kThreadExit;
    return starts || !is_running;
  }

 private:
  bool is_running_[kMaxThreads] = {true};
};

}  // namespace

Judgement JudgeWatched(const Case& c, std::span<const Outcome> outcomes, const KernelLog& log, const RunResult& run,
                       const SubjectFacts& facts) {
  LockStep lock_step(c, run, facts);
  Watch watch(log);
  Repetition repetition;
  Threads threads;
  std::uint64_t rounds_judged = 0;
  std::uint64_t peak_footprint = 0;
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    if (lock_step.is_over() || outcomes[i].stage == Stage::kNotStarted) break;
    if (threads.StartsOrEnds(c.operations[i])) {
      watch.LookAway();
      repetition = {};
    }
    if (auto violation = watch.Look(i, c.operations[i], outcomes[i], lock_step.heap())) {
      lock_step.AddToNext(std::move(*violation));
      if (lock_step.is_over()) break;
    }
    Outcome outcome = outcomes[i];
    // A worker that does not come back cannot say it.
    if (outcome.stage == Stage::kCalling && watch.was_refused()) outcome.kernel = model::KernelDuringCall::kRefused;
    lock_step.Step(outcome);
    if (lock_step.is_over()) break;
    if (auto violation = watch.LookAtResult(c.operations[i], outcomes[i], lock_step.heap())) {
      lock_step.Add(std::move(*violation));
    }
    peak_footprint = std::max(peak_footprint, watch.footprint());
    const std::uint64_t judged_before = repetition.judged();
    auto growth = repetition.Observe(c.operations[i], lock_step.heap().blocks().size(), watch.footprint());
    rounds_judged += repetition.judged() - judged_before;
    if (growth && !log.calls.empty()) lock_step.Add(std::move(*growth));
  }
  Judgement judgement = lock_step.Finish();
  judgement.peak_footprint = peak_footprint;
  judgement.exercised[static_cast<std::size_t>(RuleId::kK9)] += watch.judged();
  if (!log.calls.empty()) judgement.exercised[static_cast<std::size_t>(RuleId::kH12)] += rounds_judged;
  return judgement;
}

}  // namespace breakproof::harness
