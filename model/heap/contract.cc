#include "model/heap/contract.h"

#include <algorithm>
#include <bit>

namespace breakproof::model {
namespace {

constexpr std::uint64_t kLargestPower = 1ull << 63;

using Wide = unsigned __int128;  // holds every product and every rounded size exactly

Wide RequestedBytes(const HeapCall& call) {
  switch (call.entry) {
    case Entry::kCalloc:
    case Entry::kReallocarray:
      return Wide{call.count} * call.size;
    case Entry::kPvalloc:  // memalign(3): rounded up to the next multiple of the page
      return (Wide{call.size} + kPageSize - 1) / kPageSize * kPageSize;
    default:
      return call.size;
  }
}

// C23 7.24.3p1: an object must be aligned only for types that fit into it, so 8 bytes need no more
// than 8. The ABI of glibc promises 16 throughout, but several allocators rightly do not.
std::uint64_t FundamentalAlignment(std::uint64_t payload) {
  if (payload == 0) return 1;
  return payload >= kMaxAlign ? kMaxAlign : std::bit_floor(payload);
}

void AddAlignment(const HeapCall& call, Contract* contract) {
  switch (call.entry) {
    case Entry::kValloc:
    case Entry::kPvalloc:
      contract->alignment = kPageSize;
      return;
    case Entry::kPosixMemalign:
      contract->alignment_invalid =
          !std::has_single_bit(call.alignment) || call.alignment % sizeof(void*) != 0;
      contract->alignment_must_fail = contract->alignment_invalid;
      break;
    case Entry::kMemalign:
    case Entry::kAlignedAlloc:
      // C23 demands failure here; glibc 2.36 rounds up to a power of two instead (memalign(3)).
      contract->alignment_invalid = !std::has_single_bit(call.alignment);
      break;
    default:  // operator new without an alignment promises as much (C++ [basic.stc.dynamic.allocation]p3)
      if (Has(call.entry, NewTrait::kAligned)) break;
      contract->alignment = FundamentalAlignment(contract->payload);
      return;
  }
  // C++ leaves no other alignment to ask for (align_val_t, [new.delete]).
  const std::uint64_t power = std::bit_ceil(std::min(call.alignment, kLargestPower));
  const std::uint64_t asked_for = IsNew(call.entry) ? power : call.alignment;
  // Above 2^46 no address of user space other than 0 may qualify: refusing is the only honest answer,
  // and implementations differ on whether the size or the alignment is to blame.
  contract->may_refuse_alignment = contract->alignment_invalid || asked_for > (1ull << 46);
  contract->alignment = contract->alignment_invalid ? 1 : asked_for;
}

}  // namespace

Contract ContractOf(const HeapCall& call) {
  Contract contract;
  const Wide bytes = RequestedBytes(call);
  contract.absurd = bytes > kLargestObject;
  contract.beyond_limits = bytes + call.alignment + kPageSize > kAddressSpace;
  contract.payload = contract.absurd ? 0 : static_cast<std::uint64_t>(bytes);
  // Not from operator new, which says by NULL or an exception that there is no memory (C++ [basic.stc.dynamic.allocation]p2).
  contract.null_allowed = bytes == 0 && !IsNew(call.entry);
  contract.any_errno = IsNew(call.entry);
  AddAlignment(call, &contract);
  return contract;
}

Contract ContractOf(const HeapCall& call, Profile profile) {
  Contract contract = ContractOf(call);
  const auto demand = [&](Situation situation) { return DemandOn(profile, call.entry, situation).demand; };
  if (contract.null_allowed) {
    const bool reallocates = call.entry == Entry::kRealloc || call.entry == Entry::kReallocarray;
    const bool ends_block = reallocates && call.address != 0;
    contract.null_allowed = demand(ends_block ? Situation::kReallocToZero : Situation::kSizeZero) != Demand::kUnique;
  }
  if (contract.alignment_invalid) {
    const Demand on_alignment = demand(Situation::kBadAlignment);
    contract.alignment_must_fail = on_alignment == Demand::kFailsEinval || on_alignment == Demand::kFailsAnyhow ||
                                   (on_alignment == Demand::kFailsEinvalButZero && call.alignment != 0);
    contract.any_errno = on_alignment == Demand::kFailsAnyhow || on_alignment == Demand::kUnspecified;
  }
  if (demand(contract.absurd ? Situation::kTooLarge : Situation::kFailure) == Demand::kFailsAnyhow)
    contract.any_errno = true;
  if (demand(Situation::kSmallBlock) == Demand::kAligned16) contract.alignment = kMaxAlign;
  return contract;
}

std::string Describe(const HeapCall& call) {
  const std::string name = NameOf(call.entry);
  const std::string size = std::to_string(call.size);
  switch (call.entry) {
    case Entry::kCalloc:
      return name + "(" + std::to_string(call.count) + ", " + size + ")";
    case Entry::kRealloc:
      return name + "(p, " + size + ")";
    case Entry::kReallocarray:
      return name + "(p, " + std::to_string(call.count) + ", " + size + ")";
    case Entry::kFree:
    case Entry::kDelete:
    case Entry::kDeleteNothrow:
    case Entry::kUsableSize:
      return name + "(p)";
    case Entry::kFreeSized:
    case Entry::kDeleteSized:
      return name + "(p, its size)";
    case Entry::kFreeAlignedSized:
      return name + "(p, its alignment, its size)";
    case Entry::kPosixMemalign:
      return name + "(&p, " + std::to_string(call.alignment) + ", " + size + ")";
    case Entry::kMemalign:
    case Entry::kAlignedAlloc:
      return name + "(" + std::to_string(call.alignment) + ", " + size + ")";
    default:
      if (Has(call.entry, NewTrait::kAligned)) return name + "(" + std::to_string(call.alignment) + ", " + size + ")";
      return name + "(" + size + ")";
  }
}

}  // namespace breakproof::model
