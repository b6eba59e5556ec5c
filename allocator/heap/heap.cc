#include "allocator/heap/heap.h"

#include "allocator/base/require.h"
#include "allocator/heap/thread_heap.h"

namespace breakproof::allocator {

void Heap::Init(const Kernel& kernel) {
  pages_.Init(kernel);
  secret_ = kernel.entropy(kernel.context);
}

namespace {
constexpr std::uint64_t kFirstSpans = 12;
}  // namespace

static_assert(alignof(ThreadHeap) <= Metadata::kAlignment);

ThreadHeap* Heap::Attach() {
  const LockGuard guard(pages_.lock());
  if (ThreadHeap* const left = TakeIdle()) return left;
  if (thread_count_ == kMaxThreadHeaps) return nullptr;
  // The first descriptions share a page with the first thread heap: all that a small program needs.
  if (thread_count_ == 0 && !pages_.metadata().Reserve(pages_.kernel(), kFirstSpans)) return nullptr;
  auto* const thread = static_cast<ThreadHeap*>(pages_.metadata().Allocate(pages_.kernel(), ThreadHeap::kBytes));
  if (thread == nullptr) return nullptr;
  thread->Init(this, ++thread_count_);
  threads_[thread_count_] = thread;
  return thread;
}

void Heap::Detach(ThreadHeap* thread) {
  thread->Flush();
  const LockGuard guard(pages_.lock());
  AppendIdle(thread);
}

void Heap::DrainOneIdle() {
  if (__atomic_load_n(&first_idle_, __ATOMIC_RELAXED) == nullptr) return;
  ThreadHeap* idle;
  {
    const LockGuard guard(pages_.lock());
    idle = TakeIdle();
  }
  if (idle == nullptr) return;
  // Ours alone while it is not in the queue.
  if (!idle->incoming_.IsEmpty()) idle->TakeIncoming();
  const LockGuard guard(pages_.lock());
  AppendIdle(idle);
}

void Heap::AppendIdle(ThreadHeap* thread) {
  thread->next_idle_ = nullptr;
  if (last_idle_ != nullptr) {
    last_idle_->next_idle_ = thread;
  } else {
    __atomic_store_n(&first_idle_, thread, __ATOMIC_RELAXED);
  }
  last_idle_ = thread;
}

ThreadHeap* Heap::TakeIdle() {
  ThreadHeap* const thread = first_idle_;
  if (thread == nullptr) return nullptr;
  __atomic_store_n(&first_idle_, thread->next_idle_, __ATOMIC_RELAXED);
  if (first_idle_ == nullptr) last_idle_ = nullptr;
  thread->next_idle_ = nullptr;
  return thread;
}

}  // namespace breakproof::allocator
