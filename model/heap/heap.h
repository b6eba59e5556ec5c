// The heap model: the live blocks, and what every entry point promises about them (rules H1-H8).
//
// It decides from arguments and results alone. Bytes are looked at where the memory is; whoever does so
// reports here what it saw only through the rules H4, H5, H7 and H9.
// Not thread-safe: calls are applied in the one order in which they happened.
#pragma once

#include <array>
#include <cstdint>
#include <map>
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
};

// Successful calls that changed errno, by entry: allowed by every standard, but worth a remark.
using ErrnoRemarks = std::array<std::uint64_t, kEntryCount>;

struct Block {
  std::uint64_t payload = 0;  // bytes the caller asked for
  std::uint64_t usable = 0;   // bytes; equal to payload when malloc_usable_size is not known
  Entry made_by = Entry::kMalloc;
};

class HeapModel {
 public:
  // Applies one call; returns the promises it broke, the gravest first.
  std::vector<Violation> Apply(const HeapCall& call, const HeapResponse& response);

  const std::map<std::uint64_t, Block>& blocks() const { return blocks_; }
  std::uint64_t live_bytes() const { return live_bytes_; }
  const Exercised& exercised() const { return exercised_; }
  const ErrnoRemarks& errno_remarks() const { return errno_remarks_; }

 private:
  void Allocate(const HeapCall& call, const HeapResponse& response);
  void Fail(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void Succeed(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void Free(const HeapCall& call, const HeapResponse& response);
  void UsableSize(const HeapCall& call, const HeapResponse& response);

  void CheckAlignment(const HeapCall& call, const Contract& contract, const HeapResponse& response);
  void CheckDisjoint(const HeapCall& call, std::uint64_t address, const Block& block);
  void CheckUsable(const HeapCall& call, const Block& block, const HeapResponse& response);

  void Insert(std::uint64_t address, const Block& block);
  void Erase(std::uint64_t address);
  void Exercise(RuleId rule) { ++exercised_[static_cast<std::size_t>(rule)]; }
  void Broken(RuleId rule, std::string expected, std::string actual);

  std::map<std::uint64_t, Block> blocks_;  // by address, disjoint
  std::uint64_t live_bytes_ = 0;
  Exercised exercised_{};
  ErrnoRemarks errno_remarks_{};
  std::vector<Violation> broken_;  // of the call being applied
};

}  // namespace breakproof::model
