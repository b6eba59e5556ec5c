#include "model/heap/heap.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace breakproof::model {
namespace {

std::string Hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string Range(std::uint64_t address, std::uint64_t length) {
  if (length == 0) return Hex(address) + " (0 bytes)";
  return "[" + Hex(address) + ", " + Hex(address + length) + ")";
}

std::string ErrorName(int error) {
  switch (error) {
    case 0: return "0";
    case ENOMEM: return "ENOMEM";
    case EINVAL: return "EINVAL";
    default: return "errno " + std::to_string(error);
  }
}

// Even an object of size 0 has an address of its own (C17 7.22.3p1), so it occupies one byte here.
std::uint64_t Extent(std::uint64_t bytes) { return std::max<std::uint64_t>(bytes, 1); }

bool Succeeded(const HeapCall& call, const HeapResponse& response) {
  if (call.entry == Entry::kPosixMemalign) return response.status == 0;
  return response.address != 0;
}

}  // namespace

std::vector<Violation> HeapModel::Apply(const HeapCall& call, const HeapResponse& response) {
  broken_.clear();
  Exercise(RuleId::kH0);
  if (Frees(call.entry)) {
    Free(call, response);
  } else if (call.entry == Entry::kUsableSize) {
    UsableSize(call, response);
  } else {
    Allocate(call, response);
  }
  // The gravest first: H1 explains whatever else the same call shows.
  const auto overlap = std::find_if(broken_.begin(), broken_.end(),
                                    [](const Violation& v) { return v.rule == RuleId::kH1; });
  if (overlap != broken_.end()) std::rotate(broken_.begin(), overlap, overlap + 1);
  return std::exchange(broken_, {});
}

void HeapModel::Allocate(const HeapCall& call, const HeapResponse& response) {
  const Contract contract = profile_ ? ContractOf(call, *profile_) : ContractOf(call);
  if (contract.absurd || contract.alignment_must_fail) Exercise(RuleId::kH8);
  if (Succeeded(call, response)) {
    Succeed(call, contract, response);
  } else {
    Fail(call, contract, response);
  }
}

void HeapModel::Fail(const HeapCall& call, const Contract& contract, const HeapResponse& response) {
  const bool reallocates = call.entry == Entry::kRealloc || call.entry == Entry::kReallocarray;
  if (contract.null_allowed && !contract.alignment_invalid && call.entry != Entry::kPosixMemalign) {
    // Size 0: NULL is a legal result, and realloc has then freed the old block (malloc(3)).
    if (reallocates && call.address != 0) Erase(call.address);
    return;
  }
  CheckReason(call, contract, response);
  if (contract.any_errno) return;
  Exercise(RuleId::kH6);
  const int error = call.entry == Entry::kPosixMemalign ? response.status : response.errno_after;
  const bool einval_allowed = contract.may_refuse_alignment || contract.alignment_must_fail;
  const bool enomem_allowed = !contract.alignment_must_fail || contract.absurd;
  if ((error == ENOMEM && enomem_allowed) || (error == EINVAL && einval_allowed)) return;
  std::string expected = Describe(call) + " fails with ";
  expected += einval_allowed ? (enomem_allowed ? "ENOMEM or EINVAL" : "EINVAL") : "ENOMEM";
  const bool untouched = call.entry != Entry::kPosixMemalign && error == response.errno_before;
  Broken(RuleId::kH6, std::move(expected),
         untouched ? "failed and left errno as it was" : "failed with " + ErrorName(error));
}

void HeapModel::CheckReason(const HeapCall& call, const Contract& contract, const HeapResponse& response) {
  if (response.kernel == KernelDuringCall::kNotWatched) return;
  Exercise(RuleId::kH14);
  if (response.kernel == KernelDuringCall::kRefused || contract.beyond_limits || contract.may_refuse_alignment) return;
  Broken(RuleId::kH14, Describe(call) + " succeeds, as the kernel refused nothing", "failed");
}

void HeapModel::Succeed(const HeapCall& call, const Contract& contract, const HeapResponse& response) {
  if (call.address != 0) Erase(call.address);  // realloc: the old block ends here
  if (response.errno_after != response.errno_before) ++errno_remarks_[static_cast<std::size_t>(call.entry)];
  if (contract.absurd || contract.alignment_must_fail) {
    Broken(RuleId::kH8, Describe(call) + " fails with " + (contract.absurd ? "ENOMEM" : "EINVAL"),
           "returned " + Hex(response.address));
  }
  if (contract.absurd) return;  // nothing else can be said of such an object
  CheckAlignment(call, contract, response);
  Block block{.payload = contract.payload, .usable = contract.payload, .usable_is_known = response.usable_known,
              .made_by = call.entry};
  if (response.usable_known) block.usable = response.usable;
  CheckUsable(Describe(call), block, response);
  // A usable size that is wrong was reported; it must not make neighbours look wrong as well.
  if (block.usable < block.payload) block.usable = block.payload;
  CheckDisjoint(call, response.address, block);
  Insert(response.address, block);
}

void HeapModel::CheckAlignment(const HeapCall& call, const Contract& contract, const HeapResponse& response) {
  Exercise(RuleId::kH2);
  if (response.address % contract.alignment == 0) return;
  const std::uint64_t actual = response.address & -response.address;
  Broken(RuleId::kH2, Describe(call) + " is aligned to " + std::to_string(contract.alignment),
         Hex(response.address) + ", aligned to " + std::to_string(actual));
}

void HeapModel::CheckUsable(const std::string& made_by, const Block& block, const HeapResponse& response) {
  if (!response.usable_known) return;
  Exercise(RuleId::kH3);
  if (block.usable < block.payload) {
    Broken(RuleId::kH3, made_by + " has a usable size of at least " + std::to_string(block.payload),
           std::to_string(block.usable));
  } else if (block.usable > kLargestObject) {
    Broken(RuleId::kH3, made_by + " has a plausible usable size", std::to_string(block.usable));
  }
}

void HeapModel::CheckDisjoint(const HeapCall& call, std::uint64_t address, const Block& block) {
  Exercise(RuleId::kH1);
  // Blocks are disjoint and sorted, so only the nearest below and the first at or above can collide.
  auto neighbour = blocks_.lower_bound(address);
  for (int step = 0; step < 2; ++step) {
    if (neighbour != blocks_.end() && Collides(call, address, block, neighbour->first, neighbour->second)) return;
    if (neighbour == blocks_.begin()) return;
    --neighbour;
  }
}

bool HeapModel::Collides(const HeapCall& call, std::uint64_t address, const Block& block, std::uint64_t start,
                         const Block& other) {
  const auto overlap = [&](std::uint64_t mine, std::uint64_t theirs) {
    return address < start + Extent(theirs) && start < address + Extent(mine);
  };
  const auto theirs = [&](std::uint64_t length) {
    return std::string(NameOf(other.made_by)) + "'s block " + Range(start, length);
  };
  if (overlap(block.payload, other.payload)) {
    Broken(RuleId::kH1, Describe(call) + " returns a payload disjoint from every live one",
           Range(address, block.payload) + " overlaps " + theirs(other.payload));
  } else if (overlap(block.usable, other.usable)) {
    Broken(RuleId::kH3, Describe(call) + " has a usable size that ends before its neighbour",
           Range(address, block.usable) + " reaches into " + theirs(other.usable));
  } else {
    return false;
  }
  return true;
}

void HeapModel::Free(const HeapCall& call, const HeapResponse& response) {
  if (call.address != 0) Erase(call.address);
  if (IsDelete(call.entry)) return;  // C++ says nothing of errno
  const bool preserves =
      !profile_ || DemandOn(*profile_, call.entry, Situation::kErrnoOfSuccess).demand == Demand::kPreserves;
  Exercise(RuleId::kH6);
  if (preserves && response.errno_after != response.errno_before) {
    Broken(RuleId::kH6, "free preserves errno (POSIX.1-2024)",
           "free set errno to " + ErrorName(response.errno_after));
  }
}

void HeapModel::UsableSize(const HeapCall& call, const HeapResponse& response) {
  if (!response.usable_known) return;
  const auto block = blocks_.find(call.address);
  if (block != blocks_.end() && !block->second.usable_is_known) {  // the first to ask
    block->second.usable = response.usable;
    block->second.usable_is_known = true;
    return CheckUsable(std::string("the block of ") + NameOf(block->second.made_by), block->second, response);
  }
  Exercise(RuleId::kH3);
  const std::uint64_t expected = block == blocks_.end() ? 0 : block->second.usable;
  if (response.usable == expected) return;
  Broken(RuleId::kH3,
         call.address == 0 ? "malloc_usable_size(NULL) is 0"
                           : "malloc_usable_size stays " + std::to_string(expected),
         std::to_string(response.usable));
}

std::vector<Violation> HeapModel::CompareBooks(const std::vector<BookEntry>& books) {
  const auto by_address = [](const auto& x, const auto& y) { return x.address < y.address; };
  if (!std::is_sorted(books.begin(), books.end(), by_address)) {
    std::vector<BookEntry> sorted = books;
    std::sort(sorted.begin(), sorted.end(), by_address);
    return CompareBooks(sorted);
  }
  Exercise(RuleId::kH10);
  const auto booked = [](std::uint64_t address, std::uint64_t usable) {
    return Hex(address) + " with " + std::to_string(usable) + " usable bytes";
  };
  auto live = blocks_.begin();
  for (const BookEntry& entry : books) {
    if (live == blocks_.end() || entry.address < live->first)
      Broken(RuleId::kH10, "the books name live blocks only", booked(entry.address, entry.usable) + " is not live");
    else if (live->first < entry.address)
      Broken(RuleId::kH10, "the books name every live block", Hex(live->first) + " is missing");
    else if (live->second.usable != entry.usable)
      Broken(RuleId::kH10, "the books have " + booked(live->first, live->second.usable), std::to_string(entry.usable));
    if (!broken_.empty()) return std::exchange(broken_, {});
    ++live;
  }
  if (live != blocks_.end()) Broken(RuleId::kH10, "the books name every live block", Hex(live->first) + " is missing");
  return std::exchange(broken_, {});
}

std::vector<Violation> HeapModel::CompareStatistics(std::initializer_list<Figure> figures) {
  Exercise(RuleId::kH10);
  for (const auto& [name, at_least, at_most, actual] : figures) {
    if (at_least <= actual && actual <= at_most) continue;
    const char* const how = at_least == at_most ? " " : actual < at_least ? " at least " : " at most ";
    Broken(RuleId::kH10, std::string("statistics: ") + name + how + std::to_string(actual < at_least ? at_least : at_most),
           std::to_string(actual));
    break;
  }
  return std::exchange(broken_, {});
}

std::vector<Violation> HeapModel::CheckFootprint(const Footprint& footprint) {
  const RuleId rule = blocks_.empty() ? RuleId::kH12 : RuleId::kH13;
  Exercise(rule);
  if (footprint.bytes > footprint.bound)
    Broken(rule, "at most " + std::to_string(footprint.bound) + " bytes are held of the kernel",
           std::to_string(footprint.bytes));
  return std::exchange(broken_, {});
}

void HeapModel::Insert(std::uint64_t address, const Block& block) {
  live_bytes_ += block.payload;
  if (!blocks_.insert({address, block}).second) live_bytes_ -= block.payload;
}

void HeapModel::Erase(std::uint64_t address) {
  const auto block = blocks_.find(address);
  if (block == blocks_.end()) return;
  live_bytes_ -= block->second.payload;
  blocks_.erase(block);
}

void HeapModel::Broken(RuleId rule, std::string expected, std::string actual) {
  broken_.push_back({rule, std::move(expected), std::move(actual)});
}

}  // namespace breakproof::model
