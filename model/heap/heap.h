// The heap model: the live blocks, and what every entry point promises about them (rules H1-H8, H14); and the
// promises that need more than calls to judge: an allocator's books (H10) and its footprint (H12, H13).
//
// It decides from arguments and results alone. Bytes are looked at where the memory is; whoever does so
// reports here what it saw only through the rules H4, H5, H7 and H9.
// Not thread-safe: calls are applied in the one order in which they happened.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "model/heap/contract.h"
#include "model/rulebook/rulebook.h"

namespace breakproof::model {

// A broken promise: which, and expected against actual in words.
struct Violation {
  RuleId rule;
  std::string expected;
  std::string actual;
};

// How often each rule was put to the test.
using Exercised = std::array<std::uint64_t, kRuleBookSize>;

// What came back from a call.
struct HeapResponse {
  std::uint64_t address = 0;  // 0 is NULL; for posix_memalign only meaningful if status is 0
  int status = 0;             // posix_memalign's return value, else 0
  int errno_before = 0;       // a sentinel that no call sets by accident
  int errno_after = 0;
  std::uint64_t usable = 0;   // malloc_usable_size of the result, or of the argument for that call
  bool usable_known = false;  // the subject has malloc_usable_size
  // H14: what the kernel did during the call; nothing when nobody watched.
  KernelDuringCall kernel = KernelDuringCall::kNotWatched;
};

// H10: a block that the allocator believes to be live. A block on a remote-free list is not.
struct BookEntry {
  std::uint64_t address = 0;
  std::uint64_t usable = 0;
};

// H10: one number of the allocator's statistics, and what it must be: between two numbers, or exactly one.
struct Figure {
  const char* name = "";
  std::uint64_t at_least = 0;
  std::uint64_t at_most = 0;
  std::uint64_t actual = 0;
};

// What the allocator holds of the kernel: bytes of break and mappings, its own metadata included.
struct Footprint {
  std::uint64_t bytes = 0;
  std::uint64_t bound = 0;  // the allocator's stated one, for the blocks that there are and were
};

// Successful calls that changed errno, by entry: allowed by every standard, but worth a remark.
using ErrnoRemarks = std::array<std::uint64_t, kEntryCount>;

struct Block {
  std::uint64_t payload = 0;  // bytes the caller asked for
  std::uint64_t usable = 0;   // bytes; equal to payload while nobody has asked malloc_usable_size
  bool usable_is_known = false;
  Entry made_by = Entry::kMalloc;
};

class HeapModel {
 public:
  using Blocks = std::pmr::map<std::uint64_t, Block>;  // by address, disjoint

  // Holds a subject to what every profile demands, or to all that one profile does.
  HeapModel() = default;
  explicit HeapModel(Profile profile) : profile_(profile) {}
  // The nodes of its books come from there: nearly every call needs one or gives one back.
  explicit HeapModel(std::pmr::memory_resource* nodes) : blocks_(nodes) {}

  // Applies one call; returns the promises it broke, the gravest first.
  std::vector<Violation> Apply(const HeapCall& call, const HeapResponse& response);

  // H10: the allocator's books, in any order, against the live blocks.
  std::vector<Violation> CompareBooks(const std::vector<BookEntry>& books);
  std::vector<Violation> CompareStatistics(std::initializer_list<Figure> figures);
  // H12 while no block is live, else H13.
  std::vector<Violation> CheckFootprint(const Footprint& footprint);

  const Blocks& blocks() const { return blocks_; }
  std::uint64_t live_bytes() const { return live_bytes_; }
  const Exercised& exercised() const { return exercised_; }
  const ErrnoRemarks& errno_remarks() const { return errno_remarks_; }

 private:
  void Allocate(const HeapCall& call, const HeapResponse& response);
  void Fail(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void Succeed(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void Free(const HeapCall& call, const HeapResponse& response);
  void UsableSize(const HeapCall& call, const HeapResponse& response);

  void CheckReason(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void CheckAlignment(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void CheckDisjoint(const HeapCall& call, std::uint64_t address, const Block& block);
  // H1, H3 against one live block; whether one was broken.
  bool Collides(const HeapCall& call, std::uint64_t address, const Block& block, std::uint64_t start, const Block& other);
  void CheckUsable(const std::string& made_by, const Block& block, const HeapResponse& response);

  void Insert(std::uint64_t address, const Block& block);
  void Erase(std::uint64_t address);
  void Exercise(RuleId rule) { ++exercised_[static_cast<std::size_t>(rule)]; }
  void Broken(RuleId rule, std::string expected, std::string actual);

  std::optional<Profile> profile_;
  Blocks blocks_;
  std::uint64_t live_bytes_ = 0;
  Exercised exercised_{};
  ErrnoRemarks errno_remarks_{};
  std::vector<Violation> broken_;  // of the call being applied
};

}  // namespace breakproof::model
