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
  if (ThreadHeap* const left = TakeWarm(warm_count_ - 1)) return left;
  if (ThreadHeap* const left = TakeIdle()) return left;
  if (thread_count_ == kMaxThreadHeaps) return nullptr;
  // The first descriptions share a page with the first thread heap: all that a small program needs.
  if (thread_count_ == 0 && !pages_.metadata().Reserve(pages_.kernel(), kFirstSpans)) return nullptr;
  auto* const thread = static_cast<ThreadHeap*>(pages_.metadata().Allocate(pages_.kernel(), ThreadHeap::kBytes));
  if (thread == nullptr) return nullptr;
  const std::uint64_t id = thread_count_ + 1;
  thread->Init(this, id);
  threads_[id] = thread;
  __atomic_store_n(&thread_count_, id, __ATOMIC_RELEASE);  // who takes no lock must not see the number first
  return thread;
}

void Heap::Detach(ThreadHeap* thread) {
  thread->Flush(ThreadHeap::Keep::kALittle);
  thread->ForgetUses();
  {
    const LockGuard guard(pages_.lock());
    if (KeepWarm(thread)) return;
  }
  thread->Flush();
  const LockGuard guard(pages_.lock());
  AppendIdle(thread);
}

void Heap::MakeRoom(std::uint64_t pages) {
  DrainOneIdle();
  while (warm_count() != 0 && WouldRaisePeak(pages) && FlushOneWarm()) {
  }
}

bool Heap::WouldRaisePeak(std::uint64_t pages) {
  const LockGuard guard(pages_.lock());
  return pages_.WouldRaisePeak(pages);
}

void Heap::FlushIdle() {
  while (FlushOneWarm()) {
  }
  for (std::uint64_t i = 0; i < thread_count(); ++i) DrainOneIdle();
}

// What a warm thread heap has at hand goes back; false if there is none.
bool Heap::FlushOneWarm() {
  if (warm_count() == 0) return false;
  ThreadHeap* idle;
  {
    const LockGuard guard(pages_.lock());
    idle = TakeWarm(0);
  }
  if (idle == nullptr) return false;
  idle->Flush();  // ours alone while it is in neither list
  const LockGuard guard(pages_.lock());
  AppendIdle(idle);
  return true;
}

void Heap::DrainOneIdle() {
  ThreadHeap* idle = nullptr;
  bool is_warm = false;
  if (warm_count() != 0 || __atomic_load_n(&first_idle_, __ATOMIC_RELAXED) != nullptr) {
    const LockGuard guard(pages_.lock());
    idle = TakeWarmWithFrees();
    is_warm = idle != nullptr;
    if (!is_warm) idle = TakeIdle();
  }
  if (idle == nullptr) return;
  // Ours alone while it is in neither list.
  if (!idle->incoming_.IsEmpty()) idle->TakeIncoming();
  const LockGuard guard(pages_.lock());
  if (!is_warm || !KeepWarm(idle)) AppendIdle(idle);
}

// One for which others have freed blocks.
ThreadHeap* Heap::TakeWarmWithFrees() {
  for (std::uint64_t i = 0; i < warm_count_; ++i) {
    if (!warm_[i]->incoming_.IsEmpty()) return TakeWarm(i);
  }
  return nullptr;
}

// False if there are enough of them.
bool Heap::KeepWarm(ThreadHeap* thread) {
  if (warm_count_ == kMostWarm) return false;
  warm_[warm_count_] = thread;
  SetWarmCount(warm_count_ + 1);
  return true;
}

ThreadHeap* Heap::TakeWarm(std::uint64_t index) {
  if (index >= warm_count_) return nullptr;
  ThreadHeap* const thread = warm_[index];
  for (std::uint64_t i = index + 1; i < warm_count_; ++i) warm_[i - 1] = warm_[i];
  SetWarmCount(warm_count_ - 1);
  return thread;
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
