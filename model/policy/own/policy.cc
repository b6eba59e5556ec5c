#include "model/policy/own/policy.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace breakproof::model::own {
namespace {

constexpr std::uint64_t kMayMove = 1;  // of Linux

Ruling Required(Clause clause) { return {Duty::kRequired, clause, {}}; }
Ruling Allowed(Clause clause) { return {Duty::kAllowed, clause, {}}; }
Ruling Forbidden(Clause clause, std::string reason) { return {Duty::kForbidden, clause, std::move(reason)}; }

std::string Bytes(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

// memalign rounds what is no power of two up to one.
std::uint64_t AlignmentOf(const HeapCall& call, const Contract& contract) {
  constexpr std::uint64_t kLargest = 1ull << 63;
  if (!contract.alignment_invalid) return contract.alignment;
  return call.alignment > kLargest / 2 ? kLargest : std::bit_ceil(call.alignment);
}

bool IsFree(const Books& books, std::uint64_t start, std::uint64_t length) {
  const auto after = books.free_runs.upper_bound(start);
  if (after == books.free_runs.begin()) return false;
  const auto& [run, bytes] = *std::prev(after);
  return start - run <= bytes && length <= bytes - (start - run);
}

}  // namespace

void Policy::Set(Option option, std::uint64_t value) {
  if (option == Option::kMaxFast) return;
  // Less than a page never gets a mapping of its own.
  if (option == Option::kMmapThreshold) thresholds_.mmap = std::max(value, constants_.page);
  if (option == Option::kTrimThreshold) thresholds_.trim = value;
  if (option == Option::kTopPad) thresholds_.top_pad = value;
  if (option == Option::kMmapMax) thresholds_.mmap_max = value;
  thresholds_.is_pinned = true;
}

// A mapping as long as the threshold counts, or requests of exactly that size would be mapped for ever; one that no
// threshold can be above says nothing.
void Policy::Adapt(std::uint64_t length) {
  if (thresholds_.is_pinned || length < thresholds_.mmap || length >= constants_.max_adapted) return;
  thresholds_.mmap = std::min(constants_.adapted_factor * length, constants_.max_adapted);
  thresholds_.trim = constants_.trim_factor * thresholds_.mmap;
}

// Whether the call asks for memory that can exist.
bool Policy::Allocates() const {
  if (model::Frees(call_.entry) || call_.entry == Entry::kUsableSize) return false;
  if (contract_.absurd || contract_.alignment_must_fail) return false;
  // In whole pages, with what an alignment beyond a page costs.
  const unsigned __int128 alignment = AlignmentOf(call_, contract_);
  const unsigned __int128 slack = alignment > constants_.page ? alignment - constants_.page : 0;
  return PageUp(contract_.payload) + slack <= kLargestObject;
}

// free, or realloc to size 0.
bool Policy::Frees() const {
  return model::Frees(call_.entry) || (Reallocates() && contract_.payload == 0 && !contract_.absurd);
}

// A block that does not begin where its mapping does may need more than any mapping can have.
bool Policy::CanResize(const Mapping& mapping) const {
  return PageUp(call_.address - mapping.start + contract_.payload) <= kLargestObject;
}

// K6. Adapted, unless mallopt has set it.
std::uint64_t Policy::TrimThreshold() const {
  if (thresholds_.is_pinned) return thresholds_.trim;
  std::uint64_t threshold = thresholds_.trim;
  for (std::uint64_t i = 0; i < regrowths_ && threshold < constants_.max_trim; ++i) threshold *= constants_.regrowth_factor;
  return std::min(threshold, constants_.max_trim);
}

// K6. What the break is lowered by now: all whole pages beyond the padding, once the threshold is reached.
std::uint64_t Policy::TrimAmount(const Books& books) const {
  if (books.top_free < TrimThreshold() || books.top_free < thresholds_.top_pad) return 0;
  return (books.top_free - thresholds_.top_pad) / constants_.page * constants_.page;
}

void Policy::Expect(const KernelCall& call, Clause clause) {
  required_ = call;
  required_by_ = clause;
}

void Policy::Begin(const HeapCall& call) {
  call_ = call;
  contract_ = ContractOf(call);
  required_.reset();
  made_.reset();
  was_refused_ = break_was_refused_ = false;

  const auto old = mappings_.find(call.address);
  if (old != mappings_.end() && Frees()) {
    Expect({.kind = KernelCallKind::kMunmap, .address = old->second.start, .length = old->second.length}, Clause::kK2);
  } else if (!Allocates() || !WantsMapping()) {
    return;
  } else if (old != mappings_.end() && Reallocates() && CanResize(old->second)) {
    const auto [start, length] = old->second;
    const std::uint64_t needed = PageUp(call.address - start + contract_.payload);
    if (needed == length) return;
    Expect({.kind = KernelCallKind::kMremap, .address = start, .length = length, .new_length = needed, .detail = kMayMove},
           Clause::kK3);
  } else {
    const std::uint64_t alignment = AlignmentOf(call, contract_);
    const std::uint64_t slack = alignment > constants_.page ? alignment - constants_.page : 0;
    const std::uint64_t length = PageUp(std::max<std::uint64_t>(contract_.payload, 1)) + slack;
    Expect({.kind = KernelCallKind::kMmap, .length = length, .detail = MmapDetail(3, 0x22)}, Clause::kK1);
  }
}

Ruling Policy::Judge(const KernelCall& call, bool is_granted, std::uint64_t result, const Books& books) {
  Ruling ruling;
  if (required_ && call == *required_) {
    ruling = Required(required_by_);
    required_.reset();
    if (call.kind == KernelCallKind::kMunmap) Adapt(call.length);
  } else if (required_ && call.kind == required_->kind) {
    ruling = Forbidden(required_by_, std::string(NameOf(call.kind)) + " of " + Bytes(required_->length));
  } else if (call.kind == KernelCallKind::kBrk) {
    ruling = JudgeBreak(call, is_granted, books);
  } else {
    ruling = JudgeOther(call, books);
  }
  was_refused_ |= !is_granted;
  if (is_granted && ruling.duty != Duty::kForbidden) Follow(call, result);
  return ruling;
}

// Keeps the books of mappings.
void Policy::Follow(const KernelCall& call, std::uint64_t result) {
  switch (call.kind) {
    case KernelCallKind::kMmap:
      if (WantsMapping()) made_ = Mapping{result, call.length};
      return;
    case KernelCallKind::kMremap:
      made_ = Mapping{result, call.new_length};
      mappings_.erase(call_.address);
      return;
    case KernelCallKind::kMunmap:
      if (made_ && made_->start == call.address) {
        made_.reset();
      } else if (const auto old = mappings_.find(call_.address); old != mappings_.end() && old->second.start == call.address) {
        mappings_.erase(old);
      }
      return;
    default: return;
  }
}

Ruling Policy::JudgeBreak(const KernelCall& call, bool is_granted, const Books& books) {
  if (call.address == 0) return Allowed(Clause::kK5);  // only asks
  if (call.address > books.program_break) {
    const std::uint64_t growth = call.address - books.program_break;
    if (!Allocates() || books.serves_request) return Forbidden(Clause::kK4, "no growth: free memory serves");
    if (WantsMapping() && !was_refused_) return Forbidden(Clause::kK1, "a mapping of its own");
    // Once refused, less may be tried.
    if (call.address % constants_.page != 0 || (growth < thresholds_.top_pad && !break_was_refused_)) {
      return Forbidden(Clause::kK5, "whole pages, at least " + Bytes(thresholds_.top_pad));
    }
    break_was_refused_ |= !is_granted;
    if (is_granted) {
      regrowths_ += has_trimmed_ ? 1 : 0;
      has_trimmed_ = false;
    }
    return Required(Clause::kK4);
  }
  const std::uint64_t amount = TrimAmount(books);
  if (amount == 0 || call.address != books.program_break - amount) {
    return Forbidden(Clause::kK6, amount == 0 ? "no trim" : "the break lowered by " + Bytes(amount));
  }
  has_trimmed_ |= is_granted;
  return Required(Clause::kK6);
}

Ruling Policy::JudgeOther(const KernelCall& call, const Books& books) const {
  switch (call.kind) {
    case KernelCallKind::kMadvise:
      if (IsFree(books, call.address, call.length)) return Allowed(Clause::kK7);
      return Forbidden(Clause::kK7, "only free memory is purged");
    case KernelCallKind::kMmap:
      if (Allocates() && WantsMapping() && was_refused_) return Allowed(Clause::kK1);  // in mremap's place
      if (Allocates() && !books.serves_request && break_was_refused_) return Allowed(Clause::kK5);
      return Forbidden(WantsMapping() ? Clause::kK1 : Clause::kK5, "no further mapping");
    case KernelCallKind::kMremap:
    case KernelCallKind::kMunmap: {
      if (call.kind == KernelCallKind::kMunmap) {
        // A segment that has become free as a whole; a mapping that could not be entered in the books.
        if (IsFree(books, call.address, call.length)) return Allowed(Clause::kK7);
        if (made_ && made_->start == call.address && made_->length == call.length) return Allowed(Clause::kK1);
      }
      // realloc moved the block, or cut a mapping that is now below the threshold.
      const auto old = mappings_.find(call_.address);
      const bool is_its = old != mappings_.end() && old->second.start == call.address && old->second.length == call.length;
      const Clause clause = call.kind == KernelCallKind::kMunmap ? Clause::kK2 : Clause::kK3;
      if (is_its && Allocates() && (!WantsMapping() || was_refused_)) return Allowed(clause);
      return Forbidden(clause, "no mapping of another block touched");
    }
    default: return Forbidden(Clause::kK8, "no such call");
  }
}

std::optional<Ruling> Policy::End(std::uint64_t address, const Books& books) {
  const auto missing = [](Clause clause, std::string what) { return Ruling{Duty::kRequired, clause, std::move(what)}; };
  if (required_ && !was_refused_) {
    return missing(required_by_, std::string(NameOf(required_->kind)) + " of " + Bytes(required_->length));
  }
  if (Allocates() && address == 0 && !was_refused_ && contract_.payload != 0) {
    return missing(Clause::kK4, "growth is tried before NULL is returned");
  }
  const bool has_moved = Reallocates() && address != 0 && address != call_.address;
  const bool is_left = mappings_.contains(call_.address) && (has_moved || Frees());
  if (is_left && !was_refused_) return missing(Clause::kK2, "munmap of the mapping left behind");
  // What the kernel would not take back is the allocator's to retail.
  if (is_left) mappings_.erase(call_.address);
  // One that could be neither entered in the books nor given back is nobody's.
  const bool is_in_made = made_ && address >= made_->start && address - made_->start < made_->length;
  if (address != 0 && is_in_made) mappings_[address] = *made_;
  if (model::Frees(call_.entry) && TrimAmount(books) > 0 && !was_refused_) {
    return missing(Clause::kK6, "the break lowered by " + Bytes(TrimAmount(books)));
  }
  return std::nullopt;
}

}  // namespace breakproof::model::own
