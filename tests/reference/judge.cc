#include "tests/reference/judge.h"

#include <algorithm>

#include "tests/reference/invariant.h"

namespace breakproof::model::reference {
namespace {

using Kind = ModelSystem::Kind;
using Event = ModelSystem::Event;
constexpr int kErrnoBefore = 4000;

bool Same(const SearchHeap& x, const SearchHeap& y) {
  const auto same_block = [](const auto& a, const auto& b) {
    return a.start == b.start && a.length == b.length && a.is_ours == b.is_ours;
  };
  const auto same_mapping = [](const auto& a, const auto& b) {
    return a.start == b.start && a.length == b.length && a.block == b.block && a.is_live == b.is_live;
  };
  return x.base == y.base && x.end == y.end && x.mmap_threshold == y.mmap_threshold &&
         x.trim_threshold == y.trim_threshold && std::ranges::equal(x.blocks, y.blocks, same_block) &&
         std::ranges::equal(x.mappings, y.mappings, same_mapping);
}

struct Piece {
  std::uint64_t start, length;
  auto operator<=>(const Piece&) const = default;
};

class Judging {
 public:
  Judging(const Node& before, Node& after, const Operation& operation, const SearchReply& reply, ModelSystem& system,
          const Policy& policy)
      : before_(before), after_(after), call_(operation.call), operation_(operation), reply_(reply), system_(system),
        policy_(policy), allocator_(system, policy, after.heap) {}

  std::string Run() {
    if (operation_.foreign_move == 0) {
      if (operation_.is_misuse != reply_.is_misuse)
        return operation_.is_misuse ? "U1: what is no live block is rejected" : "U1: a live block is not rejected";
      if ((operation_.is_misuse || reply_.error != 0) && !Same(before_.heap, after_.heap))
        return "H7: a failed operation changes nothing";
      if (!operation_.is_misuse) Check(after_.model.Apply(call_, Response()));
      if (!broken_.empty()) return broken_;  // books that are wrong say nothing more
    }
    Check(after_.model.CompareBooks(Books()));
    CheckInvariant();
    if (!system_.crime().empty()) Claim(false, "H1: the allocator " + system_.crime());
    CheckGrants();
    CheckMappingLedger();
    CheckBreakLedger();
    CheckPayloads();
    CheckEtiquette();
    CheckThresholds();
    CheckFootprint();
    return broken_;
  }

 private:
  void Claim(bool holds, const std::string& what) {
    if (!holds && broken_.empty()) broken_ = what;
  }
  void Claim(bool holds, const char* what) {
    if (!holds && broken_.empty()) broken_ = what;
  }
  void Check(const std::vector<Violation>& violations) {
    for (const Violation& v : violations)
      Claim(false, std::string(TextOf(v.rule).id) + ": expected " + v.expected + "; actual: " + v.actual);
  }

  HeapResponse Response() {
    HeapResponse response;
    const bool by_status = call_.entry == Entry::kPosixMemalign;
    response.address = reply_.address;
    response.errno_before = response.errno_after = kErrnoBefore;
    if (by_status) response.status = reply_.error;
    else if (reply_.error != 0) response.errno_after = reply_.error;
    response.usable = allocator_.UsableSize(reply_.address);
    response.usable_known = true;
    response.kernel = system_.refused() ? KernelDuringCall::kRefused : KernelDuringCall::kRefusedNothing;
    return response;
  }

  std::vector<BookEntry> Books() {
    std::vector<BookEntry> books;
    for (const auto& block : after_.heap.blocks)
      if (block.is_ours) books.push_back({block.start, allocator_.UsableSize(block.start)});
    for (const auto& mapping : after_.heap.mappings)
      if (mapping.is_live) books.push_back({mapping.block, allocator_.UsableSize(mapping.block)});
    return books;
  }

  void CheckInvariant() {
    for (const auto& condition : Invariant(after_.heap, policy_))
      if (!condition.holds) Claim(false, std::string("H11: ") + condition.what);
  }

  void CheckGrants() {
    for (const auto& [address, block] : after_.model.blocks())
      Claim(system_.IsGranted(address, std::max<std::uint64_t>(block.usable, 1)),
            "H1: every usable byte lies in memory that the kernel granted read-write");
  }

  // K1: unmaps and remaps exactly what was mapped; the books then equal what is left.
  void CheckMappingLedger() {
    std::vector<Piece> ledger, booked;
    for (const auto& mapping : before_.heap.mappings) ledger.push_back({mapping.start, mapping.length});
    for (const Event& event : system_.events()) {
      if (event.kind == Kind::kUnmap || event.kind == Kind::kRemap) {
        const auto found = std::ranges::find(ledger, Piece{event.from, event.length});
        if (found == ledger.end()) return Claim(false, "K1: only what was mapped is unmapped or remapped");
        if (!event.refused) ledger.erase(found);
      }
      if (event.refused) continue;
      if (event.kind == Kind::kMap) ledger.push_back({event.to, event.length});
      if (event.kind == Kind::kRemap) ledger.push_back({event.to, event.new_length});
    }
    for (const auto& mapping : after_.heap.mappings) booked.push_back({mapping.start, mapping.length});
    std::ranges::sort(ledger);
    std::ranges::sort(booked);
    Claim(ledger == booked, "K1: the books list exactly the mappings that the kernel granted");
  }

  static std::uint64_t HeapBytes(const SearchHeap& heap) {
    std::uint64_t bytes = heap.end - heap.base;
    for (const auto& block : heap.blocks)
      if (!block.is_ours) bytes -= block.length;
    return bytes;
  }

  // Every byte of break is the heap's or somebody else's, every other page a mapping's.
  void CheckBreakLedger() {
    const std::uint64_t raised = after_.kernel.program_break - after_.heap.base;
    Claim(raised == HeapBytes(after_.heap) + after_.foreign, "K1: the books account for every byte of the break");
    std::uint64_t pages = (model::RoundUp(after_.kernel.program_break) - model::RoundUp(after_.heap.base)) / kPage;
    for (const auto& mapping : after_.heap.mappings) pages += mapping.length / kPage;
    Claim(pages == after_.kernel.space.TotalPages(), "K1: the books account for every page");
  }

  bool IsKept(std::uint64_t bytes) const {  // the prefix of the old block is in the new one
    for (const Event& event : system_.events()) {
      if (event.refused) continue;
      if (event.kind == Kind::kCopy && event.to == reply_.address && event.from == call_.address && event.length >= bytes)
        return true;
      if (event.kind == Kind::kRemap && reply_.address - event.to == call_.address - event.from) return true;
    }
    return reply_.address == call_.address;
  }

  bool IsZeroed(std::uint64_t bytes) const {
    for (const Event& event : system_.events()) {
      if (event.refused) continue;
      if (event.kind == Kind::kClear && event.to == reply_.address && event.length >= bytes) return true;
      if (event.kind == Kind::kMap && event.to <= reply_.address && reply_.address < event.to + event.length) return true;
    }
    return bytes == 0;
  }

  // H4 H5 H9: payloads are read and written for calloc and realloc only, and inside the blocks in question.
  void CheckPayloads() {
    const bool reallocates = call_.entry == Entry::kRealloc || call_.entry == Entry::kReallocarray;
    const auto old_block = before_.model.blocks().find(call_.address);
    const auto new_block = after_.model.blocks().find(reply_.address);
    for (const Event& event : system_.events()) {
      if (event.kind != Kind::kCopy && event.kind != Kind::kClear) continue;
      Claim(event.kind == Kind::kCopy ? reallocates : call_.entry == Entry::kCalloc,
            "H4: only realloc copies and only calloc clears");
      if (new_block == after_.model.blocks().end()) return Claim(false, "H4: a failed call writes to no payload");
      Claim(event.to == reply_.address && event.length <= new_block->second.usable, "H4: writes stay in the new block");
      Claim(event.kind == Kind::kClear || (old_block != before_.model.blocks().end() && event.from == call_.address &&
                                           event.length <= old_block->second.usable),
            "H4: copies come from the old block");
    }
    if (new_block == after_.model.blocks().end()) return;
    if (call_.entry == Entry::kCalloc) Claim(IsZeroed(new_block->second.payload), "H5: calloc's block is zero");
    if (reallocates && old_block != before_.model.blocks().end())
      Claim(IsKept(std::min(old_block->second.payload, new_block->second.payload)), "H4: realloc keeps the prefix");
  }

  bool HasRoom(std::uint64_t bytes, std::uint64_t alignment) const {
    std::uint64_t free_from = before_.heap.base;
    const auto fits = [&](std::uint64_t limit) {
      const std::uint64_t start = (free_from + alignment - 1) / alignment * alignment;
      return start <= limit && limit - start >= bytes;
    };
    for (const auto& block : before_.heap.blocks) {
      if (fits(block.start)) return true;
      free_from = block.start + block.length;
    }
    return fits(before_.heap.end);
  }

  // K1: no call while free memory can serve; a mapping is asked for first from the threshold on.
  void CheckEtiquette() {
    if (operation_.is_misuse) Claim(system_.calls() == 0, "K1: misuse makes no call of the kernel");
    if (reply_.error != 0 || call_.entry == Entry::kFree || operation_.foreign_move != 0) return;
    if (call_.address != 0 || reply_.address == 0) return;  // realloc may prefer its own mapping
    const std::uint64_t payload = after_.model.blocks().at(reply_.address).payload;
    const std::uint64_t alignment = std::max<std::uint64_t>(
        call_.entry == Entry::kValloc || call_.entry == Entry::kPvalloc ? kPageSize : call_.alignment, kMaxAlign);
    if (payload >= before_.heap.mmap_threshold)
      Claim(system_.calls() > 0 && system_.events()[0].kind == Kind::kMap, "K1: from the threshold on a mapping comes first");
    else if (HasRoom(std::max<std::uint64_t>(payload, 1), alignment))
      Claim(system_.calls() == 0, "K1: no call while free memory can serve");
    else
      CheckBreakFirst();
  }

  void CheckBreakFirst() {
    const std::vector<Event>& events = system_.events();
    Claim(!events.empty() && events[0].kind == Kind::kMoveBreak, "K1: below the threshold the break comes first");
    if (events.empty()) return;
    Claim(!events[0].refused || (events.size() > 1 && events[1].kind == Kind::kMoveBreak),
          "K1: a break refused with padding is asked for without");
  }

  const Mapping<ModelSystem>* Ended() const {  // the mapping whose block this call gave up
    const bool ends = call_.entry == Entry::kFree || (call_.address != 0 && reply_.error == 0);
    for (const auto& mapping : before_.heap.mappings)
      if (ends && mapping.is_live && mapping.block == call_.address) return &mapping;
    return nullptr;
  }

  bool WasRemapped() const {
    return std::ranges::any_of(system_.events(), [](const Event& e) { return e.kind == Kind::kRemap && !e.refused; });
  }

  void CheckThresholds() {
    std::uint64_t mmap = before_.heap.mmap_threshold, trim = before_.heap.trim_threshold;
    const auto* ended = Ended();
    const bool stays = reply_.address == call_.address || WasRemapped();
    if (ended != nullptr && !stays && ended->length >= mmap && ended->length + kPage <= policy_.max_threshold) {
      mmap = ended->length + kPage;
      trim = 2 * mmap;
    }
    Claim(after_.heap.mmap_threshold == mmap && after_.heap.trim_threshold == trim,
          "K1: the thresholds rise when a mapping of their length is freed, and not otherwise");
  }

  // The bound of H12: no mapping, and of the break what trimming leaves. Refusals and foreign memory suspend it.
  void CheckFootprint() {
    if (call_.entry != Entry::kFree || call_.address == 0 || operation_.is_misuse || system_.refused()) return;
    if (after_.foreign != 0 || !after_.model.blocks().empty()) return;
    const auto* ended = Ended();
    if (ended == nullptr) {
      const std::uint64_t bound = std::max(after_.heap.trim_threshold, policy_.top_pad + kPage);
      return Check(after_.model.CheckFootprint({HeapBytes(after_.heap), bound}));
    }
    std::uint64_t mapped = 0;
    for (const auto& mapping : after_.heap.mappings) mapped += mapping.length;
    Check(after_.model.CheckFootprint({mapped, 0}));
  }

  const Node& before_;
  Node& after_;
  const HeapCall& call_;
  const Operation& operation_;
  const SearchReply& reply_;
  ModelSystem& system_;
  const Policy& policy_;
  Allocator<ModelSystem> allocator_;
  std::string broken_;
};

}  // namespace

std::string Judge(const Node& before, Node& after, const Operation& operation, const SearchReply& reply,
                  ModelSystem& system, const Policy& policy) {
  return Judging(before, after, operation, reply, system, policy).Run();
}

}  // namespace breakproof::model::reference
