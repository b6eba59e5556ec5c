#include "harness/production/simulated_run.h"

#include <sys/mman.h>

#include <cstdio>
#include <set>
#include <vector>

#include "allocator/heap/check.h"
#include "harness/execute/executor.h"
#include "harness/lockstep/lock_step.h"
#include "harness/production/heap_shape.h"
#include "harness/production/production_heap.h"
#include "harness/support/could_not_run.h"
#include "model/policy/own/policy.h"

namespace breakproof::harness {
namespace {

using model::RuleId;
using model::Violation;

// Walks over everything cost more the longer a case is: after every operation at first, then now and then.
constexpr std::size_t kAlwaysWalked = 64;
constexpr std::size_t kWalkEvery = 64;

RuleId RuleOf(model::own::Clause clause) {
  return static_cast<RuleId>(static_cast<int>(RuleId::kK1) + static_cast<int>(clause));
}

std::string Describe(const model::KernelCall& call) {
  char text[96];
  std::snprintf(text, sizeof text, "%s %s 0x%llx, %llu bytes", model::NameOf(call.kind),
                call.kind == model::KernelCallKind::kBrk ? "to" : "at", static_cast<unsigned long long>(call.address),
                static_cast<unsigned long long>(call.length));
  return text;
}

// The executor's books: mapped, so that they are zeroes again at the price of what was touched.
class Books {
 public:
  void* Reset(std::uint64_t bytes) {
    if (bytes > bytes_) {
      if (base_ != nullptr) munmap(base_, bytes_);
      base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (base_ == MAP_FAILED) throw CouldNotRun("no memory for the harness's own books");
      bytes_ = bytes;
    } else {
      madvise(base_, bytes_, MADV_DONTNEED);
    }
    return base_;
  }
  ~Books() {
    if (base_ != nullptr) munmap(base_, bytes_);
  }

 private:
  void* base_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace

class SimulatedRun::Implementation : public KernelObserver {
 public:
  Implementation() : heap_(&kernel_, this) {}

  SimulatedRunResult Run(const Case& c, const Environment& environment, RunObserver* watcher) {
    case_ = &c;
    watcher_ = watcher;
    if (observer_ != nullptr) observer_->CaseBegins();
    Prepare(environment);
    const auto count = static_cast<std::uint32_t>(c.operations.size());
    const auto slots = static_cast<std::uint32_t>(c.slot_names.size());
    void* const books = books_.Reset(Executor::BookBytes(count, slots) + 1);
    Executor executor(ProductionHeap::family(), books, count, slots);
    const RunResult finished{.end = RunEnd::kFinished, .output = {}};
    LockStep lock_step(c, finished, {.has_usable_size = true});
    lock_step_ = &lock_step;
    for (index_ = 0; index_ < count && !lock_step.is_over(); ++index_) Perform(executor, c.operations[index_]);
    if (!lock_step.is_over()) EmptyTheHeap(executor);
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
  const allocator::Heap& heap() { return heap_.heap(); }

  // ---- KernelObserver

  void MetadataRefused() override {
    is_unpredictable_ = true;
    policy_.BooksRefused();
  }

  void Before(const model::KernelCall&) override { books_before_ = BooksNow(); }

  void After(const model::KernelCall& call, bool is_granted, std::uint64_t address) override {
    ++result_.kernel_calls;
    result_.refused += !is_granted;
    was_refused_ |= !is_granted;
    if (!is_policed_) return;
    const model::own::Ruling ruling = policy_.Judge(call, is_granted, address, books_before_);
    ++clauses_[static_cast<std::size_t>(ruling.clause)];
    if (ruling.duty != model::own::Duty::kForbidden || is_unpredictable_) return;
    found_.push_back({RuleOf(ruling.clause), ruling.reason,
                      Describe(call)});
  }

 private:
  void Prepare(const Environment& environment) {
    kernel_.Reset();
    heap_.Reset();
    policy_ = model::own::Policy();
    result_ = {};
    clauses_ = {};
    walks_ = 0;
    is_policed_ = false;
    for (const Refusal& refusal : environment.refusals) kernel_.Refuse(refusal);
    kernel_.SetGapBeforeGrowth(environment.gap_before_growth);
    if (environment.break_room) kernel_.BlockBreak(*environment.break_room);
  }

  void Perform(Executor& executor, const Operation& operation) {
    found_.clear();
    was_refused_ = is_unpredictable_ = false;
    const std::size_t logged = kernel_.log().size();
    const std::uint64_t kernel_calls = result_.kernel_calls;
    heap_.SwitchTo(operation.thread);  // may need memory for a thread heap
    is_call_ = operation.kind == OperationKind::kCall;
    if (is_call_) BeginCall(operation, executor);
    Outcome own_outcome;
    Outcome& outcome = watcher_ != nullptr ? *watcher_->Begin(static_cast<std::uint32_t>(index_)) : own_outcome;
    executor.Perform(static_cast<std::uint32_t>(index_), operation, &outcome);
    if (is_call_) EndCall(outcome);
    is_policed_ = false;
    if (operation.kind == OperationKind::kMallopt) policy_.Set(operation.option, operation.size);
    if (operation.kind == OperationKind::kThreadExit) ExitThread(operation.thread);
    for (std::size_t i = logged; i < kernel_.log().size(); ++i) {
      was_refused_ |= kernel_.log()[i].error != 0;
      if (kernel_.log()[i].outside) found_.push_back({RuleId::kK8, "legal calls only", "a call outside the window"});
    }
    outcome.kernel = was_refused_ ? model::KernelDuringCall::kRefused : model::KernelDuringCall::kRefusedNothing;
    if (observer_ != nullptr) {
      observer_->Saw({.operation = operation,
                      .outcome = outcome,
                      .kernel_calls = result_.kernel_calls - kernel_calls,
                      .span_state = SpanStateOf(heap_.heap(), heap_.current(), payload_)});
    }
    lock_step_->Step(outcome);
    CheckGranted(operation, outcome);
    if (watcher_ != nullptr) watcher_->End(static_cast<std::uint32_t>(index_), found_, kernel_, heap_.heap());
    for (Violation& violation : found_) lock_step_->Add(std::move(violation));
    if (index_ < kAlwaysWalked || index_ % kWalkEvery == 0) Walk();
  }

  // To the policy a thread's end is a free: of all that the thread kept at hand.
  void ExitThread(int thread) {
    policy_.Begin({.entry = model::Entry::kFree});
    is_policed_ = true;
    heap_.ExitThread(thread);
    is_policed_ = false;
  }

  void BeginCall(const Operation& operation, const Executor& executor) {
    model::HeapCall call{.entry = operation.entry,
                         .size = operation.size,
                         .count = operation.count,
                         .alignment = operation.alignment,
                         .address = executor.AddressIn(operation.argument)};
    payload_ = model::ContractOf(call).payload;
    const bool is_paged = operation.entry == model::Entry::kValloc || operation.entry == model::Entry::kPvalloc;
    alignment_ = is_paged ? allocator::kPageSize
                          : arithmetic::EffectiveAlignment<std::uint64_t>(
                                std::min<std::uint64_t>(operation.alignment, std::uint64_t{1} << 63));
    policy_.Begin(call);
    is_policed_ = true;
    top_free_before_ = BooksNow().top_free;
  }

  void EndCall(const Outcome& outcome) {
    const model::own::Books books = BooksNow();
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

  void Walk() {
    ++walks_;
    if (const char* const broken = allocator::CheckHeap(heap_.heap())) {
      lock_step_->Add({RuleId::kH11, "V1 to V10", broken});
    }
    if (lock_step_->is_over()) return;
    for (Violation& violation : lock_step_->heap().CompareBooks(BookedBlocks())) lock_step_->Add(std::move(violation));
  }

  std::vector<model::BookEntry> BookedBlocks() {
    std::set<std::uint64_t> free;
    allocator::VisitFreeBlocks(
        heap_.heap(),
        [](void* set, std::uintptr_t address, std::uint64_t) { static_cast<std::set<std::uint64_t>*>(set)->insert(address); },
        &free);
    std::vector<model::BookEntry> blocks;
    allocator::VisitBlocks(
        heap_.heap(),
        [](void* all, std::uintptr_t address, std::uint64_t usable) {
          static_cast<std::vector<model::BookEntry>*>(all)->push_back({address, usable});
        },
        &blocks);
    std::erase_if(blocks, [&](const model::BookEntry& entry) { return free.contains(entry.address); });
    return blocks;
  }

  // H12: when everything was freed and every thread has ended, no span is in use.
  void EmptyTheHeap(Executor& executor) {
    heap_.SwitchTo(0);
    executor.FreeEverything();
    for (int thread = 0; thread < kMaxThreads; ++thread) heap_.ExitThread(thread);
    // What one thread's end sent to another's list is seen to one idle heap at a time.
    for (std::uint64_t i = 0; i < heap_.heap().thread_count(); ++i) heap_.heap().DrainOneIdle();
    if (heap_.heap().pages().first_used() != nullptr) {
      lock_step_->Add({RuleId::kH12, "after everything is freed all of the heap is free", "a span is still in use"});
    }
    if (const char* const broken = allocator::CheckHeap(heap_.heap())) {
      lock_step_->Add({RuleId::kH11, "V1 to V10 after everything was freed", broken});
    }
  }

  model::own::Books BooksNow() {
    const allocator::PageHeap& pages = heap_.heap().pages();
    model::own::Books books;
    books.program_break = reinterpret_cast<std::uintptr_t>(kernel_.ForeignSbrk(0));
    books.serves_request = ServesRequest();
    pages.free_spans().ForEach([&](const allocator::Span* span) {
      books.free_runs[span->start] = span->bytes();
      if (span->segment == 0 && span->end() == books.program_break) books.top_free = span->bytes();
    });
    return books;
  }

  // Whether a free block or a free run of pages is there for the request under way.
  bool ServesRequest() {
    const std::uint64_t pages_needed = (std::max<std::uint64_t>(payload_, 1) + 4095) / 4096;
    if (payload_ > arithmetic::kMaxClassSize || alignment_ > allocator::kPageSize) {
      const std::uint64_t slack = alignment_ > allocator::kPageSize ? alignment_ / 4096 - 1 : 0;
      return heap_.heap().pages().free_spans().Find(pages_needed + slack) != nullptr;
    }
    const std::uint64_t size_class = arithmetic::AlignedSizeToClass<std::uint64_t>(payload_, alignment_);
    const allocator::ThreadHeap& thread = heap_.current();
    if (thread.id() != allocator::kNoThread &&
        (thread.bin_count(size_class) > 0 || thread.slabs(size_class) != nullptr)) {
      return true;
    }
    return heap_.heap().pages().free_spans().Find(arithmetic::kClassInfo.of[size_class].pages) != nullptr;
  }

  SimulatedKernel kernel_;
  ProductionHeap heap_;
  Books books_;
  model::own::Policy policy_;
  model::own::Books books_before_;
  LockStep* lock_step_ = nullptr;
  OperationObserver* observer_ = nullptr;
  const Case* case_ = nullptr;
  RunObserver* watcher_ = nullptr;
  SimulatedRunResult result_;
  std::array<std::uint64_t, 8> clauses_{};
  std::uint64_t walks_ = 0;
  // Of the operation under way:
  std::size_t index_ = 0;
  bool is_call_ = false;
  bool is_policed_ = false;
  bool was_refused_ = false;
  bool is_unpredictable_ = false;  // memory for the allocator's books was refused
  std::uint64_t payload_ = 0;
  std::uint64_t alignment_ = 0;
  std::uint64_t top_free_before_ = 0;
  std::vector<Violation> found_;
};

SimulatedRun::SimulatedRun() : implementation_(std::make_unique<Implementation>()) {}
SimulatedRun::~SimulatedRun() = default;

void SimulatedRun::Observe(OperationObserver* observer) { implementation_->Observe(observer); }
const allocator::Heap& SimulatedRun::heap() const { return implementation_->heap(); }

SimulatedRunResult SimulatedRun::Run(const Case& c, const Environment& environment, RunObserver* watcher) {
  return implementation_->Run(c, environment, watcher);
}

}  // namespace breakproof::harness
