#include "harness/subject/production/simulated_run.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "harness/execute/executor.h"
#include "harness/judge/lock_step.h"
#include "harness/subject/production/crash_guard.h"
#include "harness/subject/production/production_heap.h"
#include "harness/subject/production/statistics_check.h"
#include "harness/support/could_not_run.h"
#include "harness/support/node_memory.h"
#include "model/policy/own/policy.h"

namespace breakproof::harness {
namespace {

using model::RuleId;
using model::Violation;

// Walks over everything cost more the more blocks there are. A case can afford so many looks at a block, and so many
// more with every operation: small heaps are walked after every operation, large ones now and then, and all at the end.
constexpr std::uint64_t kLooksAtFirst = 1024;
constexpr std::uint64_t kLooksAnOperation = 1;

constexpr std::uint64_t kPage = 4096;

// Milliseconds after which free memory is given back, as the allocator's README has it.
constexpr std::uint64_t kDecay = 500;

RuleId RuleOf(model::own::Clause clause) {
  return static_cast<RuleId>(static_cast<int>(RuleId::kK1) + static_cast<int>(clause));
}

std::string Describe(const model::KernelCall& call) {
  char text[96];
  if (call.kind == model::KernelCallKind::kBrk) {
    std::snprintf(text, sizeof text, "the break is moved to 0x%llx", static_cast<unsigned long long>(call.address));
    return text;
  }
  std::snprintf(text, sizeof text, "%s at 0x%llx, %llu bytes", model::NameOf(call.kind),
                static_cast<unsigned long long>(call.address), static_cast<unsigned long long>(call.length));
  return text;
}

const Violation kOutside = {RuleId::kK8, "legal calls only", "a call outside the window"};

// The executor's books, not in the malloc of the process: a case may leave them at any moment.
class Books {
 public:
  void* Reset(std::uint64_t bytes) {
    if (bytes > bytes_) {
      if (base_ != nullptr) munmap(base_, bytes_);
      base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (base_ == MAP_FAILED) throw CouldNotRun("no memory for the harness's own books");
      bytes_ = bytes;
    } else {
      std::memset(base_, 0, used_);
    }
    used_ = bytes;
    return base_;
  }
  ~Books() {
    if (base_ != nullptr) munmap(base_, bytes_);
  }

 private:
  void* base_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t used_ = 0;  // by the last case
};

// Of any content: what a case has left there is of no use to the next one.
class SnapshotMemory {
 public:
  SnapshotMemory() : base_(mmap(nullptr, Snapshots::kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (base_ == MAP_FAILED) throw CouldNotRun("no memory for the harness's own books");
  }
  ~SnapshotMemory() { munmap(base_, Snapshots::kBytes); }
  SnapshotMemory(const SnapshotMemory&) = delete;
  SnapshotMemory& operator=(const SnapshotMemory&) = delete;
  void* get() const { return base_; }

 private:
  void* base_;
};

std::string HowItEnded(int signal) {
  return signal == SIGVTALRM ? "it does not" : signal == SIGABRT ? "it aborts" : "it crashes";
}

}  // namespace

class SimulatedRun::Implementation : public KernelObserver {
 public:
  Implementation(Crashes crashes, Mappings mappings)
      : kernel_({.guards_mappings = mappings == Mappings::kApart,
                 // A report of the sanitizer ends the process.
                 .unmapped = crashes == Crashes::kEndTheProcess ? Unmapped::kHidden : Unmapped::kForbidden}),
        heap_(&kernel_, this) {
    if (crashes == Crashes::kAreViolations) guard_.emplace();
  }

  SimulatedRunResult Run(const Case& c, const Environment& environment, RunObserver* watcher) {
    watcher_ = watcher;
    if (observer_ != nullptr) observer_->CaseBegins();
    Prepare(environment);
    const auto count = static_cast<std::uint32_t>(c.operations.size());
    const auto slots = static_cast<std::uint32_t>(c.slot_names.size());
    void* const books = books_.Reset(Executor::BookBytes(count, slots) + 1);
    Executor executor(ProductionHeap::family(), books, snapshots_.get(), count, slots);
    RunResult end{.end = RunEnd::kFinished, .output = {}};
    LockStep lock_step(c, end, {.has_usable_size = true, .usable_is_always_asked = true}, &nodes_);
    lock_step_ = &lock_step;
    const auto perform_all = [&] {
      for (index_ = 0; index_ < count && !lock_step.is_over(); ++index_) Perform(executor, c.operations[index_]);
      if (!lock_step.is_over()) EmptyTheHeap(executor);
    };
    if (!guard_) {
      perform_all();
    } else if (const int signal = guard_->Run(perform_all)) {
      end.end = signal == SIGVTALRM ? RunEnd::kHung : RunEnd::kCrashed;
      end.signal = signal;
      Blame(signal);
    }
    lock_step_ = nullptr;
    result_.judgement = lock_step.Finish();
    for (std::size_t clause = 0; clause < clauses_.size(); ++clause) {
      result_.judgement.exercised[static_cast<std::size_t>(RuleId::kK1) + clause] += clauses_[clause];
    }
    result_.judgement.exercised[static_cast<std::size_t>(RuleId::kH11)] += walks_;
    result_.refusable = kernel_.refusals().Total();
    return result_;
  }

  void Observe(OperationObserver* observer) { observer_ = observer; }
  const ProductionHeap& heap() const { return heap_; }

  // ---- KernelObserver

  void MetadataRefused() override {
    is_unpredictable_ = true;
    policy_.BooksRefused();
    statistics_.BooksRefused();
  }

  void Before(const model::KernelCall& call) override {
    Hold(true);
    if (is_policed_) books_before_ = BooksNow(call.kind);
  }

  void After(const model::KernelCall& call, bool is_granted, std::uint64_t address) override {
    ++result_.kernel_calls;
    result_.refused += !is_granted;
    was_refused_ |= !is_granted;
    if (kernel_.log().back().outside) found_.push_back(kOutside);  // which explains whatever else is wrong with it
    if (is_policed_) {
      Police(call, is_granted, address);
    } else if (is_granted && call.kind == model::KernelCallKind::kBrk) {
      policy_.Lowered();
    }
    TellStatistics(call, is_granted, address);
    if (is_granted) NoteGivenBack(call, address);
    if (is_granted) NoteWithdrawn(call, address);
    Hold(false);
  }

 private:
  // What of the allocator is running.
  enum class Doing { kOperation, kEndOfThread, kEmptying, kWalking };

  void Hold(bool holds) {
    if (guard_) guard_->HoldFast(holds);
  }

  void Prepare(const Environment& environment) {
    kernel_.Reset();
    heap_.Reset();
    policy_ = model::own::Policy();
    statistics_.CaseBegins();
    result_ = {};
    clauses_ = {};
    walks_ = 0;
    looks_left_ = kLooksAtFirst;
    is_policed_ = false;
    top_free_.reset();
    given_back_.clear();
    withdrawn_.clear();
    doing_ = Doing::kOperation;
    for (const Refusal& refusal : environment.refusals) kernel_.Refuse(refusal);
    kernel_.SetGapBeforeGrowth(environment.gap_before_growth);
    if (environment.break_room) kernel_.BlockBreak(*environment.break_room);
  }

  void Police(const model::KernelCall& call, bool is_granted, std::uint64_t address) {
    const model::own::Ruling ruling = policy_.Judge(call, is_granted, address, books_before_);
    ++clauses_[static_cast<std::size_t>(ruling.clause)];
    if (ruling.duty != model::own::Duty::kForbidden || is_unpredictable_) return;
    found_.push_back({RuleOf(ruling.clause), ruling.reason,
                      Describe(call)});
  }

  void TellStatistics(const model::KernelCall& call, bool is_granted, std::uint64_t address) {
    if (call.kind != model::KernelCallKind::kBrk) return statistics_.Called(call, is_granted, address);
    // Somebody else may have moved it between the allocator's question and its move.
    const LoggedCall& logged = kernel_.log().back();
    const std::uint64_t from = is_granted ? logged.value : ProgramBreak();
    statistics_.BreakMoved(from, from + logged.call.value, is_granted);
  }

  void NoteGivenBack(const model::KernelCall& call, std::uint64_t address) {
    using Kind = model::KernelCallKind;
    if (call.kind == Kind::kMunmap || (call.kind == Kind::kMremap && address != call.address)) {
      given_back_.push_back({call.address, call.address + call.length});
    }
  }

  void NoteWithdrawn(const model::KernelCall& call, std::uint64_t address) {
    using Kind = model::KernelCallKind;
    const std::uint64_t end = call.address + call.length;
    if (call.kind == Kind::kBrk) {
      const std::uint64_t old_break = kernel_.log().back().value;
      if (call.address < old_break) withdrawn_.push_back({call.address, old_break});
    } else if (call.kind == Kind::kMunmap) {
      withdrawn_.push_back({call.address, end});
    } else if (call.kind == Kind::kMremap) {
      const bool stays = address == call.address;
      if (!stays || call.new_length < call.length) withdrawn_.push_back({stays ? address + call.new_length : call.address, end});
    }
  }

  // H1: what was given back to the kernel was no live block's. A look at its bytes may come much later, and where access is
  // not taken away (Unmapped::kHidden) they look as they did.
  void CheckWithdrawn() {
    const model::HeapModel::Blocks& blocks = lock_step_->heap().blocks();
    for (const model::Range& range : withdrawn_) {
      if (lock_step_->is_over()) break;
      auto block = blocks.lower_bound(range.end);
      if (block == blocks.begin()) continue;
      --block;  // the last that begins below the end: blocks are disjoint
      const std::uint64_t usable = std::max<std::uint64_t>(block->second.usable, 1);
      if (block->first + usable <= range.start || kernel_.IsGranted(block->first, usable)) continue;
      lock_step_->Add({RuleId::kH1, "memory of live blocks stays mapped",
                       "the block of " + std::to_string(usable) + " bytes at " + std::to_string(block->first) + " has lost some"});
    }
    withdrawn_.clear();
  }

  // No entry of the page map is left of memory that was given back, unless it came again. Of long ranges both
  // ends are looked at, where blocks and spans are entered.
  void CheckGivenBack() {
    constexpr std::uint64_t kLookedAt = 64 * kPage;
    for (const model::Range& range : given_back_) {
      for (std::uint64_t page = range.start; page < range.end; page += kPage) {
        if (page - range.start >= kLookedAt && range.end - page > kLookedAt) page = range.end - kLookedAt;
        if (!heap_.Knows(page) || kernel_.IsGranted(page, 1)) continue;
        found_.push_back({RuleId::kH11, "memory that was given back is known no more",
                          "the page at " + std::to_string(page) + " leads to a span"});
        break;
      }
    }
    given_back_.clear();
  }

  void Perform(Executor& executor, const Operation& operation) {
    found_.clear();
    was_refused_ = is_unpredictable_ = false;
    const std::size_t logged = kernel_.log().size();
    const std::uint64_t kernel_calls = result_.kernel_calls;
    is_call_ = operation.kind == OperationKind::kCall;
    doing_ = Doing::kOperation;
    if (!is_call_) top_free_.reset();
    outcome_ = Outcome{};
    outcome_.stage = Stage::kCalling;
    statistics_.BeginOther();
    heap_.SwitchTo(operation.thread);  // may need memory for a thread heap
    if (is_call_) BeginCall(operation, executor);
    if (watcher_ != nullptr) watcher_->Begin(static_cast<std::uint32_t>(index_));
    Hold(false);
    executor.Perform(static_cast<std::uint32_t>(index_), operation, &outcome_);
    Hold(true);
    if (is_call_) EndCall(outcome_);
    is_policed_ = false;
    statistics_.End(operation, outcome_);
    if (operation.kind == OperationKind::kMallopt) policy_.Set(operation.option, operation.size);
    if (operation.kind == OperationKind::kThreadExit) EndThread(operation.thread);
    for (std::size_t i = logged; i < kernel_.log().size(); ++i) {
      was_refused_ |= kernel_.log()[i].error != 0;
      if (kernel_.log()[i].outside) found_.push_back(kOutside);
    }
    if (!given_back_.empty()) CheckGivenBack();
    outcome_.kernel = was_refused_ ? model::KernelDuringCall::kRefused : model::KernelDuringCall::kRefusedNothing;
    if (observer_ != nullptr) {
      observer_->Saw({.operation = operation,
                      .outcome = outcome_,
                      .kernel_calls = result_.kernel_calls - kernel_calls,
                      .span_state = heap_.SpanState(payload_)});
    }
    lock_step_->Step(outcome_);
    CheckGranted(operation, outcome_);
    if (watcher_ != nullptr) {
      watcher_->End(static_cast<std::uint32_t>(index_), outcome_, found_, kernel_, heap_);
    }
    for (Violation& violation : found_) lock_step_->Add(std::move(violation));
    if (!withdrawn_.empty()) CheckWithdrawn();
    AddAll(statistics_.CompareHeld(lock_step_->heap()));
    WalkIfDue();
    if (guard_) guard_->Progress();
  }

  void AddAll(std::vector<Violation> violations) {
    if (lock_step_->is_over()) return;
    for (Violation& violation : violations) lock_step_->Add(std::move(violation));
  }

  // To the policy a thread's end is a free: of all that the thread kept at hand.
  void EndThread(int thread) {
    doing_ = Doing::kEndOfThread;
    policy_.Begin({.entry = model::Entry::kFree});
    is_policed_ = true;
    statistics_.ThreadEnds(heap_.ThreadNumber());
    statistics_.BeginOther();
    Hold(false);
    heap_.ExitThread(thread);
    Hold(true);
    statistics_.EndOther();
    is_policed_ = false;
  }

  // The operation under way, or what came after it, did not return.
  void Blame(int signal) {
    const std::string actual = HowItEnded(signal);
    switch (doing_) {
      case Doing::kOperation: return lock_step_->Step(outcome_);
      case Doing::kEndOfThread:
        lock_step_->Step(outcome_);
        return lock_step_->Add({RuleId::kH0, "the end of a thread returns", actual});
      case Doing::kEmptying: return lock_step_->Add({RuleId::kH0, "free of all that is left returns", actual});
      case Doing::kWalking:
        return lock_step_->Add({RuleId::kH11, "a walk over everything comes to an end", actual});
    }
  }

  void BeginCall(const Operation& operation, const Executor& executor) {
    model::HeapCall call{.entry = operation.entry,
                         .size = operation.size,
                         .count = operation.count,
                         .alignment = operation.alignment,
                         .address = executor.ArgumentOf(operation)};
    payload_ = model::ContractOf(call).payload;
    const bool is_paged = operation.entry == model::Entry::kValloc || operation.entry == model::Entry::kPvalloc;
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 63;
    // What is no power of two is rounded up to one (memalign(3)).
    alignment_ = is_paged ? kPage : operation.alignment > kLargest ? kLargest : std::bit_ceil(operation.alignment);
    policy_.Begin(call);
    statistics_.Begin(payload_, alignment_);
    is_policed_ = true;
    top_free_before_ = top_free_ ? *top_free_ : heap_.TopFree(ProgramBreak());
  }

  void EndCall(const Outcome& outcome) {
    model::own::Books books;  // nothing but the top is looked at
    books.top_free = heap_.TopFree(ProgramBreak());
    top_free_ = books.top_free;
    const auto missing = policy_.End(outcome.address, books);
    // A free that added nothing to the top has no occasion to trim it, even if mallopt has made it due.
    const bool has_no_occasion =
        missing && missing->clause == model::own::Clause::kK6 && books.top_free <= top_free_before_;
    if (missing && !is_unpredictable_ && !has_no_occasion) {
      found_.push_back({RuleOf(missing->clause), missing->reason, "no such call was made"});
    }
  }

  // H1: what was returned is memory that the kernel granted.
  void CheckGranted(const Operation& operation, const Outcome& outcome) {
    if (!is_call_ || !AssignsSlot(operation.entry) || outcome.address == 0 || lock_step_->is_over()) return;
    if (kernel_.IsGranted(outcome.address, std::max<std::uint64_t>(outcome.usable, 1))) return;
    lock_step_->Add({RuleId::kH1, "the block lies in memory that the kernel granted", "it does not, or not wholly"});
  }

  void WalkIfDue() {
    looks_left_ += kLooksAnOperation;
    if (looks_left_ < heap_.blocks_looked_at()) return;
    Walk();
    looks_left_ -= std::min(looks_left_, heap_.blocks_looked_at());
  }

  void Walk() {
    if (lock_step_->is_over()) return;
    ++walks_;
    CheckInvariants("V1 to V12");
    if (lock_step_->is_over()) return;
    AddAll(lock_step_->heap().CompareBooks(heap_.LiveBlocks()));
    if (!lock_step_->is_over()) AddAll(statistics_.CompareCounted(lock_step_->heap()));
  }

  void CheckInvariants(const char* expected) {
    doing_ = Doing::kWalking;
    Hold(false);
    const char* const broken = heap_.BrokenInvariant();
    Hold(true);
    if (broken != nullptr) lock_step_->Add({RuleId::kH11, expected, broken});
  }

  // H12: when everything was freed and every thread has ended, no span is in use, and what stays free is given back.
  void EmptyTheHeap(Executor& executor) {
    Walk();
    if (lock_step_->is_over()) return;
    doing_ = Doing::kEmptying;
    statistics_.BeginOther();
    heap_.SwitchTo(0);
    Hold(false);
    executor.FreeEverything();
    for (int thread = 0; thread < kMaxThreads; ++thread) heap_.ExitThread(thread);
    heap_.DrainIdle();
    Hold(true);
    CheckInvariants("V1 to V12 after everything was freed");
    if (heap_.HasUsedSpans()) {
      lock_step_->Add({RuleId::kH12, "after everything is freed all of the heap is free", "a span is still in use"});
    } else if (!lock_step_->is_over()) {
      AddAll(statistics_.CompareEmpty(lock_step_->heap()));
    }
    CheckDecay();
  }

  // Clocks are read where spans come and go, so some must. Whatever the kernel refused before, it is willing now: an
  // allocator that could not give memory back keeps trying.
  void CheckDecay() {
    kernel_.RefuseNothing();
    kernel_.KeepDiscarded();
    heap_.AdvanceClock(2 * kDecay);
    const auto& family = ProductionHeap::family();
    for (std::size_t runs = heap_.FreeRuns().size(), i = 0; i <= runs; ++i) {
      heap_.SwitchTo(0);
      void* const block = family.malloc(16);
      if (block == nullptr) return;  // refused: no span came
      family.free(block);
      heap_.ExitThread(0);
      heap_.DrainIdle();
    }
    const std::uint64_t oldest = heap_.OldestFree();
    if (oldest < kDecay) return;
    lock_step_->Add({RuleId::kH12, "what has been free for " + std::to_string(kDecay) + " ms is given back",
                     "nothing is after " + std::to_string(oldest) + " ms"});
  }

  std::uint64_t ProgramBreak() const { return kernel_.state().program_break.current; }

  // As far as a call of this kind is judged by them.
  model::own::Books BooksNow(model::KernelCallKind kind) const {
    const bool gives_back = kind == model::KernelCallKind::kMadvise || kind == model::KernelCallKind::kMunmap;
    model::own::Books books;
    books.program_break = ProgramBreak();
    books.serves_request = heap_.Serves(payload_, alignment_);
    if (gives_back) books.free_runs = heap_.FreeRuns();
    books.top_free = heap_.TopFree(books.program_break);
    return books;
  }

  SimulatedKernel kernel_;
  ProductionHeap heap_;
  NodeMemory nodes_;
  std::optional<CrashGuard> guard_;
  Books books_;
  SnapshotMemory snapshots_;
  model::own::Policy policy_;
  StatisticsCheck statistics_{heap_, policy_, &nodes_};
  model::own::Books books_before_;
  LockStep* lock_step_ = nullptr;
  OperationObserver* observer_ = nullptr;
  RunObserver* watcher_ = nullptr;
  SimulatedRunResult result_;
  std::array<std::uint64_t, 8> clauses_{};
  std::uint64_t walks_ = 0;
  std::uint64_t looks_left_ = 0;
  // Of the operation under way:
  std::size_t index_ = 0;
  Doing doing_ = Doing::kOperation;
  Outcome outcome_;
  bool is_call_ = false;
  bool is_policed_ = false;
  bool was_refused_ = false;
  bool is_unpredictable_ = false;  // memory for the allocator's books was refused
  std::uint64_t payload_ = 0;
  std::uint64_t alignment_ = 0;
  std::uint64_t top_free_before_ = 0;
  std::optional<std::uint64_t> top_free_;  // as the last call left it, and nothing else since
  std::vector<model::Range> given_back_;  // mappings
  std::vector<model::Range> withdrawn_;   // whatever is no longer mapped
  std::vector<Violation> found_;
};

SimulatedRun::SimulatedRun(Crashes crashes, Mappings mappings)
    : implementation_(std::make_unique<Implementation>(crashes, mappings)) {}
SimulatedRun::~SimulatedRun() = default;

void SimulatedRun::Observe(OperationObserver* observer) { implementation_->Observe(observer); }
const ProductionHeap& SimulatedRun::heap() const { return implementation_->heap(); }

SimulatedRunResult SimulatedRun::Run(const Case& c, const Environment& environment, RunObserver* watcher) {
  return implementation_->Run(c, environment, watcher);
}

}  // namespace breakproof::harness
