#include "harness/subject/embedded/guarded_kernel.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace breakproof::harness {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kUserSpaceEnd = 1ull << 47;

void* const kRefused = reinterpret_cast<void*>(-1);

// The allocator's kernel functions keep errno to themselves.
class ErrnoKept {
 public:
  ErrnoKept() : saved_(errno) {}
  ~ErrnoKept() { errno = saved_; }

 private:
  int saved_;
};

}  // namespace

struct GuardedCalls {
  static GuardedKernel& Of(void* context) { return *static_cast<GuardedKernel*>(context); }

  static void* MoveBreak(void* context, std::intptr_t increment) {
    const ErrnoKept kept;
    GuardedKernel& self = Of(context);
    if (increment == 0) return sbrk(0);
    if (self.Refuses(CallType::kBreak)) return nullptr;
    char* const before = static_cast<char*>(sbrk(0));
    if (increment > 0 && self.gap_ != 0) sbrk(static_cast<std::intptr_t>(self.gap_));
    void* const old = sbrk(increment);
    if (old == kRefused) return ++self.refused_, nullptr;
    if (self.first_break_ == nullptr) self.first_break_ = before;
    self.last_break_ = static_cast<char*>(sbrk(0));
    self.program_bytes_ = 0;  // no longer on top
    return old;
  }

  static void* Map(void* context, std::size_t length) {
    const ErrnoKept kept;
    GuardedKernel& self = Of(context);
    return self.Refuses(CallType::kMmap) ? nullptr : self.MapGuarded(length);
  }

  static bool Unmap(void* context, void* address, std::size_t length) {
    const ErrnoKept kept;
    GuardedKernel& self = Of(context);
    if (self.Refuses(CallType::kMunmap) || !self.IsOwn(address, length)) return false;
    self.mappings_.erase(address);
    return munmap(address, length + kPage) == 0;
  }

  // Always to another place: what stays where it was would not show a stale pointer.
  static void* Remap(void* context, void* address, std::size_t old_length, std::size_t new_length) {
    const ErrnoKept kept;
    GuardedKernel& self = Of(context);
    if (self.Refuses(CallType::kMremap) || !self.IsOwn(address, old_length)) return nullptr;
    void* const target = self.MapGuarded(new_length);
    if (target == nullptr) return nullptr;
    if (mremap(address, old_length, new_length, MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED) {
      munmap(target, new_length + kPage);
      self.mappings_.erase(target);
      ++self.refused_;
      return nullptr;
    }
    munmap(static_cast<char*>(address) + old_length, kPage);
    self.mappings_.erase(address);
    return target;
  }

  static bool Discard(void* context, void* address, std::size_t length) {
    const ErrnoKept kept;
    return !Of(context).Refuses(CallType::kMadvise) && madvise(address, length, MADV_DONTNEED) == 0;
  }

  static std::uint64_t Now(void* context) { return ++Of(context).milliseconds_; }
  static std::uint64_t Entropy(void*) { return 0x9e3779b97f4a7c15; }  // a case runs the same everywhere
};

allocator::Kernel GuardedKernel::table() {
  return {.context = this,
          .move_break = GuardedCalls::MoveBreak,
          .map = GuardedCalls::Map,
          .map_metadata = GuardedCalls::Map,
          .unmap = GuardedCalls::Unmap,
          .remap = GuardedCalls::Remap,
          .discard = GuardedCalls::Discard,
          .now = GuardedCalls::Now,
          .entropy = GuardedCalls::Entropy};
}

bool GuardedKernel::Refuses(CallType type) {
  if (!refusals_.Next(type)) return false;
  ++refused_;
  return true;
}

void* GuardedKernel::MapGuarded(std::size_t length) {
  // Two areas each: Linux gives a process 65,530, and the sanitizer of the build needs some as well.
  constexpr std::size_t kMostMappings = 16 * 1024;
  if (mappings_.size() >= kMostMappings) return ++refused_, nullptr;
  void* const map = length > kUserSpaceEnd ? MAP_FAILED
                                           : mmap(nullptr, length + kPage, PROT_READ | PROT_WRITE,
                                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return ++refused_, nullptr;
  mprotect(static_cast<char*>(map) + length, kPage, PROT_NONE);
  mappings_[map] = length;
  return map;
}

bool GuardedKernel::IsOwn(void* address, std::size_t length) {
  const auto found = mappings_.find(address);
  if (found != mappings_.end() && found->second == length) return true;
  if (crime_.empty()) crime_ = "unmaps or remaps " + std::to_string(length) + " bytes that are no mapping of its own";
  return false;
}

void GuardedKernel::RefuseNext(int type, std::uint64_t count) {
  const bool any_type = type == kCallTypes;
  refusals_.RefuseNext(static_cast<CallType>(any_type ? 0 : type), any_type, count);
}

void GuardedKernel::BlockBreak(std::uint64_t room) {
  const auto now = reinterpret_cast<std::uintptr_t>(sbrk(0));
  if (room > kUserSpaceEnd) return;
  void* const wanted = reinterpret_cast<void*>((now + room + kPage - 1) / kPage * kPage);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void* const page = mmap(wanted, kPage, PROT_NONE, kFlags, -1, 0);
  if (page != MAP_FAILED) blocking_pages_.push_back(page);
}

void* GuardedKernel::ProgramSbrk(std::intptr_t increment) {
  const bool is_on_top = sbrk(0) == last_break_;
  if (increment < 0 && (!is_on_top || -increment > program_bytes_)) return nullptr;
  void* const old = sbrk(increment);
  if (old == kRefused) return nullptr;
  if (first_break_ == nullptr) first_break_ = static_cast<char*>(old);
  program_bytes_ = (is_on_top ? program_bytes_ : 0) + increment;
  last_break_ = static_cast<char*>(sbrk(0));
  return old;
}

void GuardedKernel::ReturnEverything() {
  for (const auto& [address, length] : mappings_) munmap(address, length + kPage);
  for (void* const page : blocking_pages_) munmap(page, kPage);
  mappings_.clear();
  blocking_pages_.clear();
  // Only what lies on top: whoever moved the break since has memory above it.
  if (first_break_ != nullptr && sbrk(0) == last_break_) sbrk(first_break_ - last_break_);
  first_break_ = last_break_ = nullptr;
  program_bytes_ = 0;
}

void GuardedKernel::Reset(const Environment& environment) {
  ReturnEverything();
  refusals_.Clear();
  refused_ = milliseconds_ = 0;
  crime_.clear();
  for (const Refusal& refusal : environment.refusals) refusals_.Add(refusal);
  gap_ = environment.gap_before_growth;
  if (environment.break_room) BlockBreak(*environment.break_room);
}

}  // namespace breakproof::harness
