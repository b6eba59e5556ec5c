#include "harness/explain/library_trace.h"

#include <sys/resource.h>

#include <algorithm>
#include <set>

#include "harness/explain/process_memory.h"
#include "harness/judge/kernel_watch.h"

namespace breakproof::harness {
namespace {

using Range = std::pair<std::uint64_t, std::uint64_t>;

// What is left of `range` without the others, which are in order and disjoint.
std::vector<Range> Without(Range range, const std::vector<Range>& others) {
  std::vector<Range> left;
  for (const auto& [begin, end] : others) {
    if (end <= range.first || begin >= range.second) continue;
    if (begin > range.first) left.emplace_back(range.first, begin);
    range.first = std::min(end, range.second);
  }
  if (range.first < range.second) left.push_back(range);
  return left;
}

class Watcher {
 public:
  explicit Watcher(CaseRunner* runner) : runner_(*runner) {}

  void Look(pid_t worker, std::uint32_t performed) {
    const std::vector<MemoryArea> areas = ReadAreas(worker);
    NoteStacks(worker, areas);
    if (moments_.empty()) {
      for (const MemoryArea& area : areas) {
        if (IsAnonymous(area)) not_the_subjects_.emplace_back(area.begin, area.end);
      }
    }
    TakeInWhatServesBlocks(performed);
    Moment moment{.performed = performed, .space = {}};
    for (const MemoryArea& area : areas) Add(worker, area, &moment.space);
    moments_.push_back(std::move(moment));
  }

  std::vector<Moment> TakeMoments() { return std::move(moments_); }
  std::uint64_t break_start() const {
    return break_start_ != 0 ? break_start_ : runner_.journal().header().initial_break;
  }

 private:
  // Where the worker put it; or where the heap began, if the subject had taken part of it before.
  std::uint64_t BreakStart(const MemoryArea& heap) {
    const std::uint64_t initial = runner_.journal().header().initial_break;
    // The worker puts it a page above such a multiple (harness/worker/inside/worker_main.cc).
    constexpr std::uint64_t kMultiple = 64ull << 20;
    constexpr std::uint64_t kPage = 4096;
    if (break_start_ == 0) break_start_ = initial % kMultiple == kPage ? initial : heap.begin;
    return break_start_;
  }

  static bool IsAnonymous(const MemoryArea& area) { return !area.is_file && area.name.empty(); }

  // Stacks of threads are libc's mappings, not the subject's: each begins behind a guard and is as long as the
  // limit says.
  void NoteStacks(pid_t worker, const std::vector<MemoryArea>& areas) {
    rlimit limit = {};
    getrlimit(RLIMIT_STACK, &limit);
    const std::uint64_t length = limit.rlim_cur == RLIM_INFINITY ? 2ull << 20 : limit.rlim_cur;
    for (const std::uint64_t pointer : ReadStackPointers(worker)) {
      for (const MemoryArea& area : areas) {
        if (pointer < area.begin || pointer >= area.end) continue;
        constexpr std::uint64_t kGuard = 4096;
        stacks_.insert({area.begin - kGuard, std::min(area.end, area.begin + length)});
      }
    }
  }

  // An allocator may have mapped its memory before the first operation; the areas that turn out to hold blocks
  // are its own, the others are the harness's or libc's.
  void TakeInWhatServesBlocks(std::uint32_t performed) {
    for (; next_outcome_ < performed; ++next_outcome_) {
      const std::uint64_t address = runner_.journal().outcomes()[next_outcome_].address;
      std::erase_if(not_the_subjects_,
                    [&](const Range& range) { return address >= range.first && address < range.second; });
    }
  }

  void Add(pid_t worker, const MemoryArea& area, AddressSpace* space) {
    if (area.name == "[heap]") {
      const std::uint64_t begin = std::max(area.begin, BreakStart(area));
      if (begin < area.end) AddRegion(worker, {begin, area.end}, RegionKind::kBreak, area.is_accessible, space);
      return;
    }
    if (!IsAnonymous(area)) return;
    for (const Range& own : Without({area.begin, area.end}, not_the_subjects_)) {
      for (const Range& left : Without(own, {stacks_.begin(), stacks_.end()})) {
        AddRegion(worker, left, RegionKind::kMapping, area.is_accessible, space);
      }
    }
  }

  static void AddRegion(pid_t worker, Range range, RegionKind kind, bool is_accessible, AddressSpace* space) {
    space->regions.push_back({range.first, range.second, kind, is_accessible});
    if (!is_accessible) return;
    for (const Range& run : ReadResident(worker, range.first, range.second)) space->resident.push_back(run);
  }

  CaseRunner& runner_;
  std::vector<Moment> moments_;
  std::vector<Range> not_the_subjects_;  // mapped before the first operation, in order
  std::set<Range> stacks_;
  std::uint64_t break_start_ = 0;
  std::uint32_t next_outcome_ = 0;
};

// "brk -139264; munmap 4096 refused; ".
std::string CallsOf(std::uint32_t operation, const KernelLog& log) {
  std::string text;
  std::uint64_t program_break = log.initial_break;
  for (const LogRecord& record : log.calls) {
    const model::KernelCall& call = record.call;
    const bool is_break = call.kind == model::KernelCallKind::kBrk;
    const auto distance = static_cast<std::int64_t>(call.address - program_break);
    const bool is_query = is_break && (call.address == 0 || distance == 0);
    if (is_break && record.error == 0) program_break = record.result;
    if (record.operation != operation || is_query) continue;
    text += model::NameOf(call.kind) + std::string(" ");
    text += is_break ? (distance > 0 ? "+" : "") + std::to_string(distance) : std::to_string(call.length);
    if (call.kind == model::KernelCallKind::kMremap) text += " " + std::to_string(call.new_length);
    text += record.error != 0 ? " refused; " : "; ";
  }
  return text;
}

Trace Watched(const Case& c, std::uint32_t first_stop, const SubjectProfile& profile, CaseRunner* runner) {
  Watcher watcher(runner);
  Trace trace;
  trace.run = runner->RunStepped(c, first_stop, [&](pid_t worker, std::uint32_t performed) {
    watcher.Look(worker, performed);
  });
  trace.subject = profile.library;
  trace.c = c;
  const std::span<const Outcome> outcomes = runner->journal().outcomes();
  trace.outcomes.assign(outcomes.begin(), outcomes.end());
  trace.judgement = JudgeWatched(c, outcomes, runner->kernel_log(), trace.run, profile.facts);
  AddForeignEntries(c, profile.own_entries, &trace.judgement);
  trace.kernel_calls = CallsOf(static_cast<std::uint32_t>(trace.Guilty()), runner->kernel_log());
  trace.is_placed_at_random = runner->journal().header().is_placed_at_random != 0;
  trace.break_start = watcher.break_start();
  trace.moments = watcher.TakeMoments();
  return trace;
}

}  // namespace

Trace TraceLibrary(const Case& c, const SubjectProfile& profile, CaseRunner* runner) {
  const auto count = static_cast<std::uint32_t>(c.operations.size());
  if (count <= kMomentsBefore) return Watched(c, 0, profile, runner);
  const RunResult run = runner->Run(c);
  const Judgement judgement =
      JudgeWatched(c, runner->journal().outcomes(), runner->kernel_log(), run, profile.facts);
  const auto guilty = judgement.violations.empty()
                          ? count - 1
                          : static_cast<std::uint32_t>(judgement.violations.front().operation);
  return TraceLibraryUntil(c, std::min(guilty + kMomentsAfter, count - 1), profile, runner);
}

Trace TraceLibraryUntil(const Case& c, std::uint32_t last, const SubjectProfile& profile, CaseRunner* runner) {
  Case cut = c;
  cut.operations.resize(std::min<std::size_t>(last + std::size_t{1}, c.operations.size()));
  const auto count = static_cast<std::uint32_t>(cut.operations.size());
  Trace trace = Watched(cut, count > kMomentsBefore ? count - kMomentsBefore : 0, profile, runner);
  trace.outcomes.resize(c.operations.size());  // what follows was not reached
  trace.c = c;
  return trace;
}

}  // namespace breakproof::harness
