#include "harness/subject/embedded/embedded_run.h"

#include <sys/mman.h>

#include <array>

#include "allocator/heap/check.h"
#include "allocator/heap/statistics.h"
#include "allocator/heap/trim.h"
#include "allocator/interface/entry_points.h"
#include "allocator/interface/parameters.h"
#include "harness/subject/in_process.h"
#include "harness/subject/embedded/guarded_kernel.h"
#include "harness/subject/production/heap_shape.h"
#include "harness/subject/production/operators_of.h"
#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

using allocator::ThreadHeap;

GuardedKernel* the_kernel;
allocator::Heap* the_heap;
thread_local ThreadHeap* current;  // of the operation under way

struct Entries {
  static void* Malloc(std::size_t size) { return allocator::entry::Malloc(*current, size); }
  static void* Calloc(std::size_t count, std::size_t size) { return allocator::entry::Calloc(*current, count, size); }
  static void* Realloc(void* block, std::size_t size) { return allocator::entry::Realloc(*current, block, size); }
  static void* Reallocarray(void* block, std::size_t count, std::size_t size) {
    return allocator::entry::Reallocarray(*current, block, count, size);
  }
  static void Free(void* block) { current->Free(block); }
  static void* Memalign(std::size_t alignment, std::size_t size) {
    return allocator::entry::Memalign(*current, alignment, size);
  }
  static int PosixMemalign(void** result, std::size_t alignment, std::size_t size) {
    return allocator::entry::PosixMemalign(*current, result, alignment, size);
  }
  static void* Valloc(std::size_t size) { return Memalign(allocator::kPageSize, size); }
  static void* Pvalloc(std::size_t size) { return allocator::entry::Pvalloc(*current, size); }
  static std::size_t UsableSize(void* block) { return current->UsableSize(block); }
  static int Mallopt(int parameter, int value) { return allocator::entry::Mallopt(*the_heap, parameter, value); }
  static void FreeSized(void* block, std::size_t size) { allocator::entry::FreeSized(*current, block, size); }
  static void FreeAlignedSized(void* block, std::size_t alignment, std::size_t size) {
    allocator::entry::FreeAlignedSized(*current, block, alignment, size);
  }
  static void* Sbrk(std::intptr_t increment) { return the_kernel->ProgramSbrk(increment); }
  static int Trim(std::size_t pad) { return allocator::TrimHeap(*the_heap, *current, pad) ? 1 : 0; }
  static void AdvanceClock(std::uint64_t milliseconds) { the_kernel->AdvanceClock(milliseconds); }
  static void RefuseCalls(int type, std::uint64_t count) { the_kernel->RefuseNext(type, count); }
  static void BlockBreak(std::uint64_t room) { the_kernel->BlockBreak(room); }
};

constexpr MallocFamily kFamily = {.malloc = Entries::Malloc,
                                  .calloc = Entries::Calloc,
                                  .realloc = Entries::Realloc,
                                  .reallocarray = Entries::Reallocarray,
                                  .free = Entries::Free,
                                  .memalign = Entries::Memalign,
                                  .aligned_alloc = Entries::Memalign,
                                  .posix_memalign = Entries::PosixMemalign,
                                  .valloc = Entries::Valloc,
                                  .pvalloc = Entries::Pvalloc,
                                  .malloc_usable_size = Entries::UsableSize,
                                  .mallopt = Entries::Mallopt,
                                  .sbrk = Entries::Sbrk,
                                  .free_sized = Entries::FreeSized,
                                  .free_aligned_sized = Entries::FreeAlignedSized,
                                  .malloc_trim = Entries::Trim,
                                  .advance_clock = Entries::AdvanceClock,
                                  .refuse_calls = Entries::RefuseCalls,
                                  .block_break = Entries::BlockBreak,
                                  .operators = OperatorsOf<Entries::Malloc, Entries::Memalign, Entries::Free>()};

}  // namespace

class EmbeddedRun::Implementation : public InProcessSubject {
 public:
  Implementation() {
    void* const map = mmap(nullptr, sizeof(allocator::Heap), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) throw CouldNotRun("no memory for the heap under test");
    heap_ = static_cast<allocator::Heap*>(map);
    placeholder_ = std::make_unique<allocator::PlaceholderThreadHeap>();
    placeholder_->Serve(heap_);
  }
  ~Implementation() override { munmap(heap_, sizeof(allocator::Heap)); }

  void Observe(OperationObserver* observer) { observer_ = observer; }

  Judgement Run(const Case& c) {
    the_kernel = &kernel_;
    the_heap = heap_;
    madvise(heap_, sizeof(allocator::Heap), MADV_DONTNEED);
    kernel_.Reset(c.environment);
    heap_->Init(kernel_.table());
    threads_.fill(nullptr);
    current = &placeholder_->thread;
    if (observer_ != nullptr) observer_->CaseBegins();
    Judgement judgement = RunInProcess(c, *this);
    End(c, &judgement);
    return judgement;
  }

  // ---- InProcessSubject

  const MallocFamily& family() override { return kFamily; }

  void Before(const Operation& operation) override {
    ThreadHeap*& thread = threads_[operation.thread];
    refused_ = kernel_.refused();
    calls_ = kernel_.calls();
    if (thread == nullptr) thread = heap_->Attach();
    current = thread != nullptr ? thread : &placeholder_->thread;
  }

  void After(const Operation& operation, Outcome* outcome) override {
    outcome->kernel = kernel_.refused() != refused_ ? model::KernelDuringCall::kRefused
                                                    : model::KernelDuringCall::kRefusedNothing;
    if (observer_ != nullptr) {
      observer_->Saw({.operation = operation,
                      .outcome = *outcome,
                      .kernel_calls = kernel_.calls() - calls_,
                      .span_state = SpanStateOf(*heap_, *current, operation.size)});
    }
    if (operation.kind == OperationKind::kThreadExit) Detach(operation.thread);
  }

 private:
  void Detach(int thread) {
    ThreadHeap*& heap = threads_[static_cast<std::size_t>(thread)];
    if (heap != nullptr) heap_->Detach(heap);
    heap = nullptr;
    current = &placeholder_->thread;
  }

  // What the case left was freed by RunInProcess, on thread 0.
  void End(const Case& c, Judgement* judgement) {
    for (int thread = 0; thread < kMaxThreads; ++thread) Detach(thread);
    heap_->FlushIdle();
    const auto broken = [&](model::RuleId rule, const char* expected, std::string actual) {
      judgement->violations.push_back({c.operations.empty() ? 0 : c.operations.size() - 1, {rule, expected, std::move(actual)}});
    };
    if (const char* const invariant = allocator::CheckHeap(*heap_)) {
      broken(model::RuleId::kH11, "V1 to V12 after everything was freed", invariant);
    } else if (heap_->pages().first_used() != nullptr) {
      broken(model::RuleId::kH12, "after everything is freed all of the heap is free", "a span is still in use");
    }
    allocator::HeapStatistics statistics;
    allocator::CountHeap(*heap_, &statistics);
    if (const std::uint64_t used = statistics.used_bytes() + statistics.mapping_bytes; used != 0) {
      broken(model::RuleId::kH10, "statistics: nothing is in use after everything was freed", std::to_string(used) + " bytes");
    }
    if (!kernel_.crime().empty()) broken(model::RuleId::kK8, "legal calls only", kernel_.crime());
  }

  GuardedKernel kernel_;
  allocator::Heap* heap_ = nullptr;  // in a mapping of its own: it must begin as zeroes
  std::unique_ptr<allocator::PlaceholderThreadHeap> placeholder_;
  std::array<ThreadHeap*, kMaxThreads> threads_{};
  OperationObserver* observer_ = nullptr;
  std::uint64_t refused_ = 0;  // before the operation under way
  std::uint64_t calls_ = 0;
};

EmbeddedRun::EmbeddedRun() : implementation_(std::make_unique<Implementation>()) {}
EmbeddedRun::~EmbeddedRun() = default;
Judgement EmbeddedRun::Run(const Case& c) { return implementation_->Run(c); }
void EmbeddedRun::Observe(OperationObserver* observer) { implementation_->Observe(observer); }

}  // namespace breakproof::harness
