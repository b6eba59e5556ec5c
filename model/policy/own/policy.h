// The policy of the production allocator, as a specification that knows nothing of its code: when it must,
// may and must not call the kernel.
//
// Requests from the threshold on are predicted exactly. For the others the allocator's own books say what is
// free, and every call is judged by them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/heap/contract.h"
#include "model/policy/kernel_call.h"
#include "model/policy/option.h"

namespace breakproof::model::own {

// The numbers, as data: a policy with a wrong one must be caught.
struct Constants {
  std::uint64_t page = 4096;
  std::uint64_t mmap_threshold = 128 << 10;  // bytes of payload
  std::uint64_t trim_threshold = 128 << 10;  // bytes free below the break
  std::uint64_t top_pad = 128 << 10;         // bytes taken beyond the need, and left by a trim
  std::uint64_t max_adapted = 32 << 20;      // bytes; the mmap threshold never adapts beyond
  std::uint64_t mmap_max = 65536;            // mappings at one time
  std::uint64_t adapted_factor = 2;          // threshold over the freed mapping: its like is served from the heap next
  std::uint64_t trim_factor = 2;             // adapted trim threshold over adapted mmap threshold
  std::uint64_t max_trim = 64 << 20;         // bytes; a trim threshold never adapts beyond
  std::uint64_t regrowth_factor = 2;         // of the trim threshold, each time the break is raised behind a trim
};

enum class Clause : std::uint8_t {
  kK1,  // from the threshold on, unless there are as many as may be: one mapping of exactly the request's pages
  kK2,  // a mapping is unmapped inside free, exactly and at once
  kK3,  // realloc of a mapping is one mremap to exactly the pages needed, nothing when they are the same
  kK4,  // the heap grows only when nothing free serves, and must be tried before NULL is returned
  kK5,  // it grows by the break, wholesale: whole pages, at least the padding; by mappings once the break refused
  kK6,  // when free leaves the trim threshold below the break, the break is lowered to the padding, in whole pages;
        // each time it is raised again behind that, the threshold doubles
  kK7,  // memory is purged only where it is free
  kK8,  // no other call
};
constexpr const char* NameOf(Clause clause) {
  constexpr const char* kNames[] = {"K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8"};
  return kNames[static_cast<int>(clause)];
}

enum class Duty : std::uint8_t { kRequired, kAllowed, kForbidden };

struct Ruling {
  Duty duty = Duty::kForbidden;
  Clause clause = Clause::kK8;
  std::string reason;  // what was expected
};

// What the allocator's books say at one moment.
struct Books {
  bool serves_request = false;   // a free list or free run of pages can serve the current request
  std::uint64_t program_break = 0;  // as the allocator last left it
  std::uint64_t top_free = 0;    // free bytes directly below it
  std::map<std::uint64_t, std::uint64_t> free_runs;  // of whole pages, start to length; for madvise and munmap
};

struct Thresholds {
  std::uint64_t mmap, trim, top_pad, mmap_max;
  bool is_pinned = false;
};

class Policy {
 public:
  explicit Policy(const Constants& constants = {})
      : constants_(constants),
        thresholds_{constants.mmap_threshold, constants.trim_threshold, constants.top_pad, constants.mmap_max} {}

  // mallopt: any parameter pins the thresholds, but for one that the allocator has no use for.
  void Set(Option option, std::uint64_t value);

  // One operation: Begin, then Judge for every kernel call in order, then End.
  void Begin(const HeapCall& call);
  // `books` are those of the moment before the call. A mapping's address is in `result`.
  Ruling Judge(const KernelCall& call, bool is_granted, std::uint64_t result, const Books& books);
  // Memory for the allocator's own books was refused: the rest of the operation is as after any refusal.
  void BooksRefused() { was_refused_ = break_was_refused_ = true; }
  // The break was lowered outside of such an operation: by malloc_trim, of which no call is required nor forbidden.
  void Lowered() { has_trimmed_ = true; }
  // What was required and did not come, if anything. `address` is what the operation returned.
  std::optional<Ruling> End(std::uint64_t address, const Books& books);

  const Thresholds& thresholds() const { return thresholds_; }
  // Whether the call judged last but for refusals made the mapping there, for one block.
  bool HasMade(std::uint64_t start) const { return made_ && made_->start == start; }
  // Whether a block lies in a mapping of its own.
  bool IsMapped(std::uint64_t block) const { return mappings_.contains(block); }

 private:
  struct Mapping {
    std::uint64_t start;
    std::uint64_t length;
  };

  std::uint64_t PageUp(std::uint64_t bytes) const { return (bytes + constants_.page - 1) / constants_.page * constants_.page; }
  bool WantsMapping() const {
    return contract_.payload >= thresholds_.mmap && mappings_.size() < thresholds_.mmap_max;
  }
  bool Reallocates() const { return call_.entry == Entry::kRealloc || call_.entry == Entry::kReallocarray; }
  bool Allocates() const;
  bool Frees() const;
  bool CanResize(const Mapping& mapping) const;
  std::uint64_t TrimThreshold() const;
  std::uint64_t TrimAmount(const Books& books) const;
  void Expect(const KernelCall& call, Clause clause);
  void Adapt(std::uint64_t length);
  Ruling JudgeBreak(const KernelCall& call, bool is_granted, const Books& books);
  Ruling JudgeOther(const KernelCall& call, const Books& books) const;
  void Follow(const KernelCall& call, std::uint64_t result);

  Constants constants_;
  Thresholds thresholds_;
  std::map<std::uint64_t, Mapping> mappings_;  // by block
  bool has_trimmed_ = false;     // since the break was last raised
  std::uint64_t regrowths_ = 0;  // behind a trim

  // Of the operation under way:
  HeapCall call_;
  Contract contract_;
  std::optional<KernelCall> required_;  // exactly; a mapping's address is free
  Clause required_by_ = Clause::kK8;
  std::optional<Mapping> made_;         // for the block to be returned
  bool was_refused_ = false;            // some call was: what follows depends on it
  bool break_was_refused_ = false;
};

}  // namespace breakproof::model::own
