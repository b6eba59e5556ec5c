#include "harness/subject/in_process.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "harness/execute/executor.h"
#include "harness/execute/thread_team.h"
#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

// Zeroed memory that no allocator has a part in.
class Mapping {
 public:
  explicit Mapping(std::uint64_t bytes) : bytes_(bytes) {
    base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw CouldNotRun("no memory for the harness's own books");
  }
  ~Mapping() { munmap(base_, bytes_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void* get() const { return base_; }

 private:
  void* base_;
  std::uint64_t bytes_;
};

struct Run {
  const std::vector<Operation>& operations;
  std::vector<Outcome> outcomes;
  Executor executor;
  InProcessSubject& subject;
};

void Perform(void* context, std::uint32_t index) {
  auto* run = static_cast<Run*>(context);
  const Operation& operation = run->operations[index];
  Outcome* const outcome = &run->outcomes[index];
  run->subject.Before(operation);
  run->executor.Perform(index, operation, outcome);
  run->subject.After(operation, outcome);
}

class FamilyAlone : public InProcessSubject {
 public:
  FamilyAlone(const MallocFamily& family, OperationObserver* observer) : family_(family), observer_(observer) {}
  const MallocFamily& family() override { return family_; }
  void Before(const Operation&) override { break_ = sbrk(0); }
  void After(const Operation& operation, Outcome* outcome) override {
    if (observer_ == nullptr) return;
    observer_->Saw({.operation = operation, .outcome = *outcome, .kernel_calls = sbrk(0) != break_});
  }

 private:
  const MallocFamily& family_;
  OperationObserver* observer_;
  void* break_ = nullptr;
};

template <typename Function>
void Find(void* library, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(library, name));
  if (*function == nullptr) throw CouldNotRun(std::string("libc has no ") + name);
}

}  // namespace

Judgement RunInProcess(const Case& c, InProcessSubject& subject) {
  const MallocFamily& family = subject.family();
  const auto count = static_cast<std::uint32_t>(c.operations.size());
  const auto slots = static_cast<std::uint32_t>(c.slot_names.size());
  const Mapping books(Executor::BookBytes(count, slots) + 1);
  const Mapping snapshots(Snapshots::kBytes);
  Run run{c.operations, std::vector<Outcome>(count), Executor(family, books.get(), snapshots.get(), count, slots), subject};
  RunResult result;
  result.end = RunOnThreads(c.operations.data(), count, Stacks::kUsual, Perform, &run) ? RunEnd::kFinished : RunEnd::kNoThread;
  run.executor.FreeEverything();
  return Judge(c, run.outcomes, result,
               {.has_usable_size = family.malloc_usable_size != nullptr, .usable_is_always_asked = family.is_always_asked});
}

Judgement RunInProcess(const Case& c, const MallocFamily& family, OperationObserver* observer) {
  if (observer != nullptr) observer->CaseBegins();
  FamilyAlone subject(family, observer);
  return RunInProcess(c, subject);
}

MallocFamily LibcFamily() {
  void* const libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  if (libc == nullptr) throw CouldNotRun("libc.so.6 is not loaded; link dynamically");
  MallocFamily family = {};  // without mallopt and sbrk: what they do would outlive the case
  Find(libc, "malloc", &family.malloc);
  Find(libc, "calloc", &family.calloc);
  Find(libc, "realloc", &family.realloc);
  // libc's own reallocarray would call the realloc that stands in front of libc's.
  static decltype(family.realloc) realloc_itself;
  realloc_itself = family.realloc;
  family.reallocarray = [](void* block, std::size_t count_, std::size_t size) -> void* {
    std::size_t bytes;
    if (__builtin_mul_overflow(count_, size, &bytes)) {
      errno = ENOMEM;
      return nullptr;
    }
    return realloc_itself(block, bytes);
  };
  Find(libc, "free", &family.free);
  Find(libc, "memalign", &family.memalign);
  Find(libc, "aligned_alloc", &family.aligned_alloc);
  Find(libc, "posix_memalign", &family.posix_memalign);
  Find(libc, "valloc", &family.valloc);
  Find(libc, "pvalloc", &family.pvalloc);
  Find(libc, "malloc_usable_size", &family.malloc_usable_size);
  Find(libc, "malloc_trim", &family.malloc_trim);
  return family;
}

}  // namespace breakproof::harness
