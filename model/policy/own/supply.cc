#include "model/policy/own/supply.h"

#include <iterator>

namespace breakproof::model::own {
namespace {

constexpr std::uint64_t kPage = 4096;

std::uint64_t PageDown(std::uint64_t address) { return address / kPage * kPage; }
std::uint64_t PageUp(std::uint64_t address) { return PageDown(address + kPage - 1); }

}  // namespace

void Supply::Ranges::Add(std::uint64_t start, std::uint64_t length) {
  ranges[start] = length;
  bytes += length;
}

void Supply::Ranges::Remove(std::uint64_t start) {
  const auto found = ranges.find(start);
  if (found == ranges.end()) return;
  bytes -= found->second;
  ranges.erase(found);
}

void Supply::Begin() {
  got_.clear();
  raised_from_ = retailed_ = retailed_start_ = 0;
  books_refused_ = false;
  peak_heap_ = peak_mappings_ = peak_mapping_bytes_ = 0;
  Count();
}

void Supply::End() {
  const auto add = [this](Most* most, std::uint64_t peak, std::uint64_t now) {
    most->at_least = std::max({most->at_least, now, books_refused_ ? 0 : peak});
    most->at_most = std::max(most->at_most, peak);
  };
  add(&most_heap_, peak_heap_, heap_bytes());
  add(&most_mappings_, peak_mappings_, mappings());
  add(&most_mapping_bytes_, peak_mapping_bytes_, mapping_bytes());
}

void Supply::Count() {
  peak_heap_ = std::max(peak_heap_, heap_bytes());
  peak_mappings_ = std::max(peak_mappings_, mappings());
  peak_mapping_bytes_ = std::max(peak_mapping_bytes_, mapping_bytes());
}

std::uint64_t Supply::break_end() const {
  if (break_.ranges.empty()) return 0;
  const auto& [start, length] = *std::prev(break_.ranges.end());
  return start + length;
}

void Supply::MoveBreak(std::uint64_t from, std::uint64_t to, bool is_granted) {
  // What was just bought in vain and could not be returned is nobody's.
  const bool is_nobodys = !is_granted && books_refused_ && raised_from_ != 0 && to == raised_from_;
  if (to < from && (is_granted || is_nobodys)) {
    Lower(to);
  } else if (is_granted && PageDown(to) > PageUp(from)) {
    raised_from_ = from;
    const std::uint64_t start = PageUp(from), length = PageDown(to) - start;
    const auto last = break_.ranges.empty() ? break_.ranges.end() : std::prev(break_.ranges.end());
    if (last != break_.ranges.end() && last->first + last->second == start) {
      last->second += length;
      break_.bytes += length;
    } else {
      break_.Add(start, length);
    }
  }
  Count();
}

// All of the break from there on is given back.
void Supply::Lower(std::uint64_t to) {
  while (!break_.ranges.empty()) {
    const auto last = std::prev(break_.ranges.end());
    if (last->first + last->second <= to) return;
    const std::uint64_t kept = to > last->first ? PageDown(to - last->first) : 0;
    break_.bytes -= last->second - kept;
    last->second = kept;
    if (kept != 0) return;
    break_.ranges.erase(last);
  }
}

void Supply::Follow(const KernelCall& call, bool is_granted, std::uint64_t result, bool is_own) {
  if (call.kind == KernelCallKind::kMmap && is_granted) {
    (is_own ? own_ : segments_).Add(result, call.length);
    got_[result] = call.length;
  } else if (call.kind == KernelCallKind::kMremap && is_granted) {
    own_.Remove(call.address);
    own_.Add(result, call.new_length);
  } else if (call.kind == KernelCallKind::kMunmap) {
    Unmap(call, is_granted);
  }
  Count();
}

void Supply::Unmap(const KernelCall& call, bool is_granted) {
  const bool is_own = own_.ranges.contains(call.address);
  // What could not be entered in the books, and now not be given back, is nobody's.
  const bool is_nobodys = got_.contains(call.address);
  if (is_granted || is_own || is_nobodys) (is_own ? own_ : segments_).Remove(call.address);
  if (is_granted || !is_own || is_nobodys) return;
  segments_.Add(call.address, call.length);
  retailed_start_ = call.address;
  retailed_ = call.length;
}

void Supply::BooksRefused() {
  books_refused_ = true;
  // The entries of what the kernel would not take back.
  segments_.Remove(retailed_start_);
  retailed_ = 0;
}

}  // namespace breakproof::model::own
