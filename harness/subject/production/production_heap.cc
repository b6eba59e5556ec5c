#include "harness/subject/production/production_heap.h"

#include <sys/mman.h>

#include "allocator/heap/heap.h"
#include "allocator/heap/thread_heap.h"
#include "allocator/heap/trim.h"
#include "allocator/interface/entry_points.h"
#include "allocator/interface/parameters.h"
#include "harness/subject/production/operators_of.h"
#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

ProductionHeap* the_heap;  // the one that the entry functions serve: which was reset last

using model::KernelCall;
using model::KernelCallKind;

constexpr unsigned kReadWrite = PROT_READ | PROT_WRITE;
constexpr unsigned kPrivateAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

constexpr std::uint64_t kHeapBytes = (sizeof(allocator::Heap) + model::kPage - 1) / model::kPage * model::kPage;

}  // namespace

// The allocator's kernel table over the simulated kernel's.
struct KernelFunctions {
  static ProductionHeap& Of(void* context) { return *static_cast<ProductionHeap*>(context); }

  static void* MoveBreak(void* context, std::intptr_t increment) {
    ProductionHeap& self = Of(context);
    void* const current = self.table_.sbrk(self.table_.context, 0);
    if (increment == 0) return current;
    const KernelCall call = {.kind = KernelCallKind::kBrk,
                             .address = reinterpret_cast<std::uintptr_t>(current) + static_cast<std::uint64_t>(increment)};
    self.observer_->Before(call);
    void* const old = self.table_.sbrk(self.table_.context, increment);
    const bool is_granted = old != reinterpret_cast<void*>(-1);
    self.observer_->After(call, is_granted, call.address);
    return is_granted ? old : nullptr;
  }

  static void* Map(void* context, std::size_t length) {
    ProductionHeap& self = Of(context);
    const KernelCall call = {.kind = KernelCallKind::kMmap,
                             .length = length,
                             .detail = model::MmapDetail(kReadWrite, kPrivateAnonymous)};
    self.observer_->Before(call);
    void* const map = self.table_.mmap(self.table_.context, nullptr, length, kReadWrite, kPrivateAnonymous, -1, 0);
    self.observer_->After(call, map != MAP_FAILED, reinterpret_cast<std::uintptr_t>(map));
    return map == MAP_FAILED ? nullptr : map;
  }

  // Refused like any call, but no policy says when descriptions need room.
  static void* MapMetadata(void* context, std::size_t length) {
    ProductionHeap& self = Of(context);
    void* const map = self.table_.mmap(self.table_.context, nullptr, length, kReadWrite, kPrivateAnonymous, -1, 0);
    if (map == MAP_FAILED) self.observer_->MetadataRefused();
    return map == MAP_FAILED ? nullptr : map;
  }

  static bool Unmap(void* context, void* address, std::size_t length) {
    ProductionHeap& self = Of(context);
    const KernelCall call = {
        .kind = KernelCallKind::kMunmap, .address = reinterpret_cast<std::uintptr_t>(address), .length = length};
    self.observer_->Before(call);
    const bool is_granted = self.table_.munmap(self.table_.context, address, length) == 0;
    self.observer_->After(call, is_granted, 0);
    return is_granted;
  }

  static void* Remap(void* context, void* address, std::size_t old_length, std::size_t new_length) {
    ProductionHeap& self = Of(context);
    const KernelCall call = {.kind = KernelCallKind::kMremap,
                             .address = reinterpret_cast<std::uintptr_t>(address),
                             .length = old_length,
                             .new_length = new_length,
                             .detail = MREMAP_MAYMOVE};
    self.observer_->Before(call);
    void* const map =
        self.table_.mremap(self.table_.context, address, old_length, new_length, MREMAP_MAYMOVE, nullptr);
    self.observer_->After(call, map != MAP_FAILED, reinterpret_cast<std::uintptr_t>(map));
    return map == MAP_FAILED ? nullptr : map;
  }

  static bool Discard(void* context, void* address, std::size_t length) {
    ProductionHeap& self = Of(context);
    const KernelCall call = {.kind = KernelCallKind::kMadvise,
                             .address = reinterpret_cast<std::uintptr_t>(address),
                             .length = length,
                             .detail = MADV_DONTNEED};
    self.observer_->Before(call);
    const bool is_granted = self.table_.madvise(self.table_.context, address, length, MADV_DONTNEED) == 0;
    self.observer_->After(call, is_granted, 0);
    return is_granted;
  }

  static std::uint64_t Now(void* context) { return ++Of(context).milliseconds_; }

  static std::uint64_t Entropy(void*) { return 0x9e3779b97f4a7c15; }  // a case runs the same everywhere
};

struct EntryFunctions {
  static allocator::ThreadHeap& Thread() { return *the_heap->current_; }

  // What malloc_interface.cc does with thread-local state, with the current logical thread. errno of the
  // simulated kernel's calls is not the caller's: the shipped kernel functions keep it, so it is kept here.
  static void* Malloc(std::size_t size) { return allocator::entry::Malloc(Thread(), size); }
  static void* Calloc(std::size_t count, std::size_t size) { return allocator::entry::Calloc(Thread(), count, size); }
  static void* Realloc(void* block, std::size_t size) { return allocator::entry::Realloc(Thread(), block, size); }
  static void* Reallocarray(void* block, std::size_t count, std::size_t size) {
    return allocator::entry::Reallocarray(Thread(), block, count, size);
  }
  static void Free(void* block) { Thread().Free(block); }
  static void* Memalign(std::size_t alignment, std::size_t size) {
    return allocator::entry::Memalign(Thread(), alignment, size);
  }
  static int PosixMemalign(void** result, std::size_t alignment, std::size_t size) {
    return allocator::entry::PosixMemalign(Thread(), result, alignment, size);
  }
  static void* Valloc(std::size_t size) { return allocator::entry::Memalign(Thread(), 4096, size); }
  static void* Pvalloc(std::size_t size) { return allocator::entry::Pvalloc(Thread(), size); }
  static std::size_t UsableSize(void* block) { return Thread().UsableSize(block); }
  static int Mallopt(int parameter, int value) {
    return allocator::entry::Mallopt(*the_heap->heap_, parameter, value);
  }
  static void FreeSized(void* block, std::size_t size) { allocator::entry::FreeSized(Thread(), block, size); }
  static void FreeAlignedSized(void* block, std::size_t alignment, std::size_t size) {
    allocator::entry::FreeAlignedSized(Thread(), block, alignment, size);
  }
  // The program takes back only what it took: anything else would be its own fault.
  static void* Sbrk(std::intptr_t increment) {
    return the_heap->kernel_->MayMoveForeignBreak(increment) ? the_heap->kernel_->ForeignSbrk(increment) : nullptr;
  }
  static int Trim(std::size_t pad) { return allocator::TrimHeap(*the_heap->heap_, Thread(), pad) ? 1 : 0; }
  static void AdvanceClock(std::uint64_t milliseconds) { the_heap->milliseconds_ += milliseconds; }
  static void RefuseCalls(int type, std::uint64_t count) { the_heap->kernel_->RefuseNext(type, count); }
  static void BlockBreak(std::uint64_t room) { the_heap->kernel_->BlockBreak(room); }
};

namespace {

// The simulated kernel sets errno as libc does; the allocator's kernel functions must not let it out.
template <auto Function>
struct ErrnoKept;
template <typename Result, typename... Arguments, Result (*Function)(void*, Arguments...)>
struct ErrnoKept<Function> {
  static Result Call(void* context, Arguments... arguments) {
    const int saved = errno;
    const Result result = Function(context, arguments...);
    errno = saved;
    return result;
  }
};

}  // namespace

ProductionHeap::ProductionHeap(SimulatedKernel* kernel, KernelObserver* observer)
    : kernel_(kernel), table_(kernel->table()), observer_(observer) {
  void* const map = mmap(nullptr, kHeapBytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) throw CouldNotRun("no memory for the heap under test");
  heap_ = static_cast<allocator::Heap*>(map);
  const auto start = reinterpret_cast<std::uintptr_t>(map);
  memory_.emplace(model::Range{start, start + kHeapBytes});
  placeholder_ = std::make_unique<allocator::PlaceholderThreadHeap>();
  placeholder_->Serve(heap_);
}

ProductionHeap::~ProductionHeap() {
  munmap(heap_, kHeapBytes);
  if (the_heap == this) the_heap = nullptr;
}

void ProductionHeap::Reset() {
  // Most of it is a table that is never touched.
  memory_->Zero(memory_->range());
  the_heap = this;
  threads_.fill(nullptr);
  current_ = &placeholder_->thread;
  milliseconds_ = 0;
  const allocator::Kernel kernel = {this,
                                    ErrnoKept<KernelFunctions::MoveBreak>::Call,
                                    ErrnoKept<KernelFunctions::Map>::Call,
                                    ErrnoKept<KernelFunctions::MapMetadata>::Call,
                                    ErrnoKept<KernelFunctions::Unmap>::Call,
                                    ErrnoKept<KernelFunctions::Remap>::Call,
                                    ErrnoKept<KernelFunctions::Discard>::Call,
                                    KernelFunctions::Now,
                                    KernelFunctions::Entropy};
  heap_->Init(kernel);
}

void ProductionHeap::SwitchTo(int thread) {
  allocator::ThreadHeap*& heap = threads_[static_cast<std::size_t>(thread)];
  if (heap == nullptr) heap = heap_->Attach();
  current_ = heap != nullptr ? heap : &placeholder_->thread;
}

void ProductionHeap::ExitThread(int thread) {
  allocator::ThreadHeap*& heap = threads_[static_cast<std::size_t>(thread)];
  if (heap != nullptr) heap_->Detach(heap);
  heap = nullptr;
  current_ = &placeholder_->thread;
}

void ProductionHeap::DrainIdle() {
  heap_->FlushIdle();
}

const MallocFamily& ProductionHeap::family() {
  using F = EntryFunctions;
  static const MallocFamily family = {.malloc = F::Malloc,
                                      .calloc = F::Calloc,
                                      .realloc = F::Realloc,
                                      .reallocarray = F::Reallocarray,
                                      .free = F::Free,
                                      .memalign = F::Memalign,
                                      .aligned_alloc = F::Memalign,
                                      .posix_memalign = F::PosixMemalign,
                                      .valloc = F::Valloc,
                                      .pvalloc = F::Pvalloc,
                                      .malloc_usable_size = F::UsableSize,
                                      .mallopt = F::Mallopt,
                                      .sbrk = F::Sbrk,
                                      .free_sized = F::FreeSized,
                                      .free_aligned_sized = F::FreeAlignedSized,
                                      .malloc_trim = F::Trim,
                                      .advance_clock = F::AdvanceClock,
                                      .refuse_calls = F::RefuseCalls,
                                      .block_break = F::BlockBreak,
                                      .operators = OperatorsOf<F::Malloc, F::Memalign, F::Free>(),
                                      .is_always_asked = true};  // the heap's books are compared with the model's
  return family;
}

}  // namespace breakproof::harness
