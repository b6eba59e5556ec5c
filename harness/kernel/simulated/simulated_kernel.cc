#include "harness/kernel/simulated/simulated_kernel.h"

#include <algorithm>
#include <cerrno>
#include <optional>

namespace breakproof::harness {

using model::Call;
using model::CallKind;
using model::kPage;
using model::Range;
using model::Result;
using model::Word;

namespace {

Word Address(const void* pointer) { return reinterpret_cast<Word>(pointer); }
void* Pointer(Word address) { return reinterpret_cast<void*>(address); }

// What Linux reports when it lacks memory for its own structures (L8).
int RefusedWith(CallType type) { return type == CallType::kMadvise ? EAGAIN : ENOMEM; }

// All advice that only affects contents or performance is known; see machine.known_advice.
constexpr Word kKnownAdvice = 0xffff1f;

// Would the call reach memory that is none of the subject's? Fixed placement there is never carried out.
bool LeavesWindow(const model::Machine& machine, const Call& call) {
  const auto inside = [&](Word start, Word length) {
    const Range& window = machine.window;
    return start >= window.start && start <= window.end && model::RoundUp(length) <= window.end - start;
  };
  constexpr unsigned kPlaced = model::kFixed | model::kFixedNoReplace;
  switch (call.kind) {
    case CallKind::kMmap: return (call.flags & kPlaced) != 0 && !inside(call.address, call.length);
    case CallKind::kMremap:
      return !inside(call.address, call.length) ||
             ((call.flags & model::kMoveFixed) != 0 && !inside(call.new_address, call.new_length));
    case CallKind::kMunmap:
    case CallKind::kMprotect:
    case CallKind::kMadvise: return !inside(call.address, call.length);
    default: return false;
  }
}

// Top down as well, but never beside another mapping while there is room elsewhere: another choice that M16 leaves.
class ApartChooser : public model::TopDownChooser {
 public:
  Word Place(const model::AddressSpace& space, Word length) override {
    const std::optional<Word> gap = space.HighestGap(length + 2 * kPage);
    return gap ? *gap + kPage : TopDownChooser::Place(space, length);
  }
};

}  // namespace

// The functions behind the table; they translate results to libc's manner.
struct TableFunctions {
  static Result Answer(void* context, CallType type, const Call& call) {
    SimulatedKernel& kernel = *static_cast<SimulatedKernel*>(context);
    const int saved = errno;
    const std::lock_guard lock(kernel.mutex_);
    const Result result = kernel.Answer(type, call);
    errno = result.error != 0 ? result.error : saved;
    return result;
  }
  static int Status(const Result& result) { return result.error != 0 ? -1 : 0; }

  static void* Sbrk(void* context, std::intptr_t increment) {
    const Call call{.kind = CallKind::kLibcSbrk, .value = static_cast<Word>(increment)};
    return Pointer(Answer(context, CallType::kBreak, call).value);
  }
  static void* Mmap(void* context, void* hint, std::size_t length, int protection, int flags, int descriptor,
                    off_t offset) {
    const Call call{.kind = CallKind::kMmap,
                    .address = Address(hint),
                    .length = length,
                    .protection = static_cast<unsigned>(protection),
                    .flags = static_cast<unsigned>(flags),
                    .descriptor = descriptor,
                    .offset = static_cast<Word>(offset)};
    return Pointer(Answer(context, CallType::kMmap, call).value);
  }
  static int Munmap(void* context, void* address, std::size_t length) {
    const Call call{.kind = CallKind::kMunmap, .address = Address(address), .length = length};
    return Status(Answer(context, CallType::kMunmap, call));
  }
  static void* Mremap(void* context, void* address, std::size_t old_length, std::size_t new_length, int flags,
                      void* new_address) {
    const Call call{.kind = CallKind::kMremap,
                    .address = Address(address),
                    .length = old_length,
                    .new_length = new_length,
                    .new_address = Address(new_address),
                    .flags = static_cast<unsigned>(flags)};
    return Pointer(Answer(context, CallType::kMremap, call).value);
  }
  static int Mprotect(void* context, void* address, std::size_t length, int protection) {
    const Call call{.kind = CallKind::kMprotect,
                    .address = Address(address),
                    .length = length,
                    .protection = static_cast<unsigned>(protection)};
    return Status(Answer(context, CallType::kMprotect, call));
  }
  static int Madvise(void* context, void* address, std::size_t length, int advice) {
    const Call call{.kind = CallKind::kMadvise, .address = Address(address), .length = length, .advice = advice};
    return Status(Answer(context, CallType::kMadvise, call));
  }
};

SimulatedKernel::SimulatedKernel(const SimulatedKernelOptions& options)
    : options_(options), pages_(kWindowAddress, options.window_size, options.unmapped) {
  machine_.window = pages_.range();
  machine_.lowest_break = machine_.window.start + options.break_offset;
  machine_.known_advice = kKnownAdvice;
  kernel_ = std::make_unique<model::Kernel>(machine_);
}

KernelTable SimulatedKernel::table() {
  return {this,
          TableFunctions::Sbrk,
          TableFunctions::Mmap,
          TableFunctions::Munmap,
          TableFunctions::Mremap,
          TableFunctions::Mprotect,
          TableFunctions::Madvise};
}

void SimulatedKernel::Reset() {
  const bool untouched = state().space.TotalPages() == 0 && log_.empty();
  if (!untouched) pages_.Reset();
  machine_.largest_charge = model::kUnlimited;
  kernel_ = std::make_unique<model::Kernel>(machine_);
  refusals_.Clear();
  gap_before_growth_ = 0;
  log_.clear();
  foreign_.clear();
}

void SimulatedKernel::Refuse(const Refusal& refusal) { refusals_.Add(refusal); }

void SimulatedKernel::RefuseNext(int type, std::uint64_t count) {
  const bool any_type = type == kCallTypes;
  refusals_.RefuseNext(static_cast<CallType>(any_type ? 0 : type), any_type, count);
}

bool SimulatedKernel::MayMoveForeignBreak(std::intptr_t increment) const {
  if (increment >= 0) return true;
  Word at = state().program_break.current;
  const Word target = at + static_cast<Word>(increment);
  while (at > target) {
    const auto below = std::ranges::find(foreign_, at, &Range::end);
    if (below == foreign_.end()) return false;
    at = below->start;
  }
  return true;
}

void* SimulatedKernel::ForeignSbrk(std::intptr_t increment) {
  const std::lock_guard lock(mutex_);
  const int saved = errno;
  MoveForeignBreak(increment);
  errno = log_.back().error != 0 ? log_.back().error : saved;
  return Pointer(log_.back().value);
}

bool SimulatedKernel::BlockBreak(Word room) {
  const std::lock_guard lock(mutex_);
  if (room > machine_.window.end - machine_.window.start) return false;
  const Word start = model::RoundUp(state().program_break.current) + model::RoundDown(room) + kPage;  // B8
  if (start + kPage > machine_.window.end) return false;
  const Call call{.kind = CallKind::kMmap,
                  .address = start,
                  .length = kPage,
                  .protection = model::kNone,
                  .flags = model::kPrivate | model::kAnonymous | model::kFixedNoReplace};
  const Result result = Perform(call);
  log_.push_back({CallType::kMmap, call, result.value, result.error, false, true, false});
  if (result.error == 0) foreign_.push_back({start, start + kPage});
  return result.error == 0;
}

bool SimulatedKernel::IsGranted(Word address, Word size) const {
  if (size == 0 || address > machine_.window.end || size > machine_.window.end - address) return false;
  const Range range{address, address + size};
  for (const Range& other : foreign_)
    if (other.start < range.end && range.start < other.end) return false;
  for (Word next = address; next < range.end;) {
    const std::optional<model::Area> area = state().space.At(next);
    if (!area || (area->attributes.protection & 3u) != (model::kRead | model::kWrite)) return false;
    next = area->range.end;
  }
  // From the break to the end of its page, memory is accessible (B20) but was not given to anybody. Behind a break at
  // a page's border there is no such memory: a mapping may go past it.
  const Word current = state().program_break.current;
  const Range rest_of_page{current, model::RoundUp(current)};
  return rest_of_page.empty() || range.end <= rest_of_page.start || rest_of_page.end <= range.start;
}

Result SimulatedKernel::Answer(CallType type, const Call& call) {
  const bool query = call.kind == CallKind::kLibcSbrk && call.value == 0;
  const bool grows = call.kind == CallKind::kLibcSbrk && static_cast<std::int64_t>(call.value) > 0;
  const bool outside = LeavesWindow(machine_, call);
  const bool refused = !query && refusals_.Next(type);
  if (grows && !refused && gap_before_growth_ != 0) MoveForeignBreak(static_cast<std::intptr_t>(gap_before_growth_));
  const bool stopped = refused || (outside && (type == CallType::kMmap || type == CallType::kMremap));
  const Result result = stopped ? Result::Error(RefusedWith(type)) : Perform(call);
  log_.push_back({type, call, result.value, result.error, refused, false, outside});
  return result;
}

Result SimulatedKernel::Perform(const Call& call) {
  const Word old_break = state().program_break.current;
  const bool may_move = call.kind == CallKind::kMremap && call.flags == model::kMayMove;
  const Result result = options_.guards_mappings && may_move ? GrowGuarded(call) : Decide(call);
  ForgetForeignAbove(old_break, state().program_break.current);
  return result;
}

// Growth in place is no choice (M49): where it would use up the free page behind, somebody's page is there meanwhile.
Result SimulatedKernel::GrowGuarded(const Call& call) {
  const Word end = call.address + model::RoundUp(call.length);
  const Word new_end = call.address + model::RoundUp(call.new_length);
  const bool fits = new_end < machine_.window.end && state().space.IsFree({end, new_end + kPage});
  if (new_end <= end || fits || !state().space.IsFree({end, end + kPage})) return Decide(call);
  Decide({.kind = CallKind::kMmap,
          .address = end,
          .length = kPage,
          .protection = model::kNone,
          .flags = model::kPrivate | model::kAnonymous | model::kFixedNoReplace});
  const Result result = Decide(call);
  Decide({.kind = CallKind::kMunmap, .address = end, .length = kPage});
  return result;
}

Result SimulatedKernel::Decide(const Call& call) {
  ApartChooser apart;
  model::TopDownChooser packed;
  const Result result = kernel_->Perform(call, options_.guards_mappings ? apart : packed);
  pages_.Carry(state(), kernel_->effects(), options_.offered);
  return result;
}

void SimulatedKernel::MoveForeignBreak(std::intptr_t increment) {
  const Call call{.kind = CallKind::kLibcSbrk, .value = static_cast<Word>(increment)};
  const Word old_break = state().program_break.current;
  const Result result = Perform(call);
  const Word now = state().program_break.current;
  log_.push_back({CallType::kBreak, call, result.value, result.error, false, true, false});
  if (now > old_break) foreign_.push_back({old_break, now});
}

// What lay between the breaks is gone, whoever it belonged to; if the break comes back it is the mover's.
void SimulatedKernel::ForgetForeignAbove(Word old_break, Word new_break) {
  if (new_break >= old_break) return;
  for (Range& range : foreign_)
    if (range.start < old_break) range.end = std::min(range.end, std::max(range.start, new_break));
  std::erase_if(foreign_, [](const Range& range) { return range.empty(); });
}

}  // namespace breakproof::harness
