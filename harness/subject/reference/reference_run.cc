#include "harness/subject/reference/reference_run.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "harness/kernel/simulated/simulated_kernel.h"
#include "harness/subject/in_process.h"
#include "model/reference/allocator.h"

namespace breakproof::harness {
namespace {

namespace reference = model::reference;

// What the reference allocator runs on: machine integers, and the simulated kernel.
class System {
 public:
  using Word = std::uint64_t;
  using Bool = bool;
  struct Product {
    Word low, high;
  };

  explicit System(SimulatedKernel& kernel) : simulated_(kernel), kernel_(kernel.table()) {}

  // The allocator is for one thread: between its look at the break and its growth nobody moves it. So the gap that a
  // case asks for is made before the look.
  void SetGap(std::uint64_t bytes) { gap_ = bytes; }

  bool Decide(bool condition) { return condition; }
  Product Multiply(Word x, Word y) {
    const unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
    return {static_cast<Word>(product), static_cast<Word>(product >> 64)};
  }
  Word Break() {
    if (gap_ != 0) simulated_.ForeignSbrk(static_cast<std::intptr_t>(gap_));
    return Address(kernel_.sbrk(kernel_.context, 0));
  }
  bool MoveBreak(Word increment) {
    return kernel_.sbrk(kernel_.context, static_cast<std::intptr_t>(increment)) != MAP_FAILED;
  }
  bool Map(Word length, Word* start) {
    void* const map = kernel_.mmap(kernel_.context, nullptr, length, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *start = Address(map);
    return map != MAP_FAILED;
  }
  bool Unmap(Word start, Word length) { return kernel_.munmap(kernel_.context, Pointer(start), length) == 0; }
  bool Remap(Word* start, Word old_length, Word new_length) {
    void* const map =
        kernel_.mremap(kernel_.context, Pointer(*start), old_length, new_length, MREMAP_MAYMOVE, nullptr);
    if (map == MAP_FAILED) return false;
    *start = Address(map);
    return true;
  }
  void Copy(Word to, Word from, Word bytes) { std::memmove(Pointer(to), Pointer(from), bytes); }
  void Clear(Word to, Word bytes) { std::memset(Pointer(to), 0, bytes); }

  static void* Pointer(Word address) { return reinterpret_cast<void*>(address); }
  static Word Address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

 private:
  SimulatedKernel& simulated_;
  KernelTable kernel_;
  std::uint64_t gap_ = 0;
};

using Allocator = reference::Allocator<System>;

}  // namespace

class ReferenceRun::Implementation : public InProcessSubject {
 public:
  Implementation() : system_(kernel_) {}

  void Observe(OperationObserver* observer) { observer_ = observer; }

  Judgement Run(const Case& c) {
    the_run = this;
    kernel_.Reset();
    for (const Refusal& refusal : c.environment.refusals) kernel_.Refuse(refusal);
    system_.SetGap(0);
    if (c.environment.break_room) kernel_.BlockBreak(*c.environment.break_room);
    heap_ = reference::EmptyHeap(system_, policy_);
    system_.SetGap(c.environment.gap_before_growth);
    not_granted_.reset();
    index_ = 0;
    if (observer_ != nullptr) observer_->CaseBegins();
    Case on_one_thread = c;
    for (Operation& operation : on_one_thread.operations) {
      if (operation.kind == OperationKind::kThreadExit) operation.kind = OperationKind::kCheck;
      operation.thread = 0;
    }
    Judgement judgement = RunInProcess(on_one_thread, *this);
    if (not_granted_) {
      judgement.violations.push_back({*not_granted_, {model::RuleId::kH1, "the block lies in memory that the kernel granted", "it does not, or not wholly"}});
    }
    RequireThatAllIsFree(c, &judgement);
    return judgement;
  }

  // ---- InProcessSubject

  const MallocFamily& family() override;

  void Before(const Operation&) override { logged_ = kernel_.log().size(); }

  void After(const Operation& operation, Outcome* outcome) override {
    bool refused = false;
    for (std::size_t i = logged_; i < kernel_.log().size(); ++i) refused |= kernel_.log()[i].error != 0;
    outcome->kernel = refused ? model::KernelDuringCall::kRefused : model::KernelDuringCall::kRefusedNothing;
    const bool allocated = operation.kind == OperationKind::kCall && AssignsSlot(operation.entry) && outcome->address != 0;
    if (allocated && !not_granted_ && !kernel_.IsGranted(outcome->address, std::max<std::uint64_t>(outcome->usable, 1))) {
      not_granted_ = index_;
    }
    ++index_;
    if (observer_ == nullptr) return;
    observer_->Saw({.operation = operation,
                    .outcome = *outcome,
                    .kernel_calls = kernel_.log().size() - logged_,
                    .span_state = 1 + heap_->blocks.size() + heap_->mappings.size() * 64});
  }

 private:
  friend struct ReferenceEntries;

  Allocator allocator() { return Allocator(system_, policy_, *heap_); }

  // H12. What others took of the break stays in the list, and so does a mapping that the kernel would not take back.
  void RequireThatAllIsFree(const Case& c, Judgement* judgement) {
    const bool has_block = std::ranges::any_of(heap_->blocks, [](const auto& block) { return block.is_ours; });
    const bool has_mapping = std::ranges::any_of(heap_->mappings, [](const auto& mapping) { return mapping.is_live; });
    if (!has_block && !has_mapping) return;
    judgement->violations.push_back({c.operations.empty() ? 0 : c.operations.size() - 1,
                                     {model::RuleId::kH12, "after everything is freed no block is left", "one is"}});
  }

  static Implementation* the_run;  // the one that the entry points serve

  SimulatedKernel kernel_;
  System system_;
  reference::Policy policy_;
  std::optional<reference::Heap<System>> heap_;
  OperationObserver* observer_ = nullptr;
  std::size_t logged_ = 0;  // calls, before the operation under way
  std::size_t index_ = 0;
  std::optional<std::size_t> not_granted_;
};

ReferenceRun::Implementation* ReferenceRun::Implementation::the_run;

// The malloc family as C has it.
struct ReferenceEntries {
  using Run = ReferenceRun::Implementation;

  static void* Returned(const Allocator::Reply& reply) {
    if (reply.error != 0) errno = reply.error;
    return System::Pointer(reply.address);
  }
  template <typename Call>
  static void* Do(Call call) {
    const int saved = errno;  // the simulated kernel sets errno as libc does
    Allocator allocator = Run::the_run->allocator();
    const Allocator::Reply reply = call(allocator);
    errno = saved;
    return Returned(reply);
  }

  static void* Malloc(std::size_t size) {
    return Do([&](Allocator& a) { return a.Malloc(size); });
  }
  static void* Calloc(std::size_t count, std::size_t size) {
    return Do([&](Allocator& a) { return a.Calloc(count, size); });
  }
  static void* Realloc(void* block, std::size_t size) {
    return Do([&](Allocator& a) { return a.Realloc(System::Address(block), size); });
  }
  static void* Reallocarray(void* block, std::size_t count, std::size_t size) {
    return Do([&](Allocator& a) { return a.Reallocarray(System::Address(block), count, size); });
  }
  static void Free(void* block) {
    Do([&](Allocator& a) { return a.Free(System::Address(block)); });
  }
  static void* Memalign(std::size_t alignment, std::size_t size) {
    return Do([&](Allocator& a) { return a.Memalign(alignment, size); });
  }
  static int PosixMemalign(void** result, std::size_t alignment, std::size_t size) {
    const int saved = errno;
    Allocator allocator = Run::the_run->allocator();
    const Allocator::Reply reply = allocator.PosixMemalign(alignment, size);
    errno = saved;
    if (reply.error == 0) *result = System::Pointer(reply.address);
    return reply.error;
  }
  static void* Valloc(std::size_t size) {
    return Do([&](Allocator& a) { return a.Valloc(size); });
  }
  static void* Pvalloc(std::size_t size) {
    return Do([&](Allocator& a) { return a.Pvalloc(size); });
  }
  static std::size_t UsableSize(void* block) { return Run::the_run->allocator().UsableSize(System::Address(block)); }
  static void* Sbrk(std::intptr_t increment) {
    SimulatedKernel& kernel = Run::the_run->kernel_;
    return kernel.MayMoveForeignBreak(increment) ? kernel.ForeignSbrk(increment) : nullptr;
  }
  static void RefuseCalls(int type, std::uint64_t count) { Run::the_run->kernel_.RefuseNext(type, count); }
  static void BlockBreak(std::uint64_t room) { Run::the_run->kernel_.BlockBreak(room); }
};

const MallocFamily& ReferenceRun::Implementation::family() {
  using E = ReferenceEntries;
  static constexpr MallocFamily kFamily = {.malloc = E::Malloc,
                                           .calloc = E::Calloc,
                                           .realloc = E::Realloc,
                                           .reallocarray = E::Reallocarray,
                                           .free = E::Free,
                                           .memalign = E::Memalign,
                                           .aligned_alloc = E::Memalign,
                                           .posix_memalign = E::PosixMemalign,
                                           .valloc = E::Valloc,
                                           .pvalloc = E::Pvalloc,
                                           .malloc_usable_size = E::UsableSize,
                                           .mallopt = nullptr,
                                           .sbrk = E::Sbrk,
                                           .refuse_calls = E::RefuseCalls,
                                           .block_break = E::BlockBreak};
  return kFamily;
}

ReferenceRun::ReferenceRun() : implementation_(std::make_unique<Implementation>()) {}
ReferenceRun::~ReferenceRun() = default;
Judgement ReferenceRun::Run(const Case& c) { return implementation_->Run(c); }
void ReferenceRun::Observe(OperationObserver* observer) { implementation_->Observe(observer); }

}  // namespace breakproof::harness
