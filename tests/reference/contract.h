// What one call or one step of the reference allocator promises, as a condition on the states before and behind it.
//
// One definition for two uses: a step is run and its promises are claimed; or they are assumed of it in place of its
// run, in the proof of an entry point that is made of it (assumed_steps.h). So the two cannot drift apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/reference/proof_system.h"
#include "tests/reference/subject.h"

namespace breakproof::model::reference {

using ProofHeap = Heap<ProofSystem>;
using ProofReply = Reply<ProofSystem>;

inline constexpr Policy kShipped;

// The books, and what the kernel has granted.
struct Moment {
  ProofHeap heap;
  ProofSystem::KernelState kernel;
};

// What was called, as far as its promises go.
struct Called {
  const char* entry;
  std::vector<TermWord> arguments = {};  // for the counterexample
  TermWord payload = 0;             // bytes
  TermWord alignment = kUnit;
  std::optional<TermWord> target = {};   // the block that it may end: of realloc and free
  bool clears = false;
  bool only_frees = false;
  bool is_step = false;
  std::optional<TermBool> overflow = {};  // of the product
  std::optional<TermBool> valid_alignment = {};
  std::optional<TermBool> required = {};  // of the arguments, by a step
};

// The two steps (model/reference/allocator.h).
inline constexpr const char kAllocate[] = "Allocate", kFree[] = "free";
Called AllocateCall(const TermWord& size, const TermWord& alignment);
Called FreeCall(const TermWord& address);

struct Promise {
  std::string what;
  TermBool holds;
};

// What holds between calls: the invariant of the books, and that the kernel agrees with them.
std::vector<Promise> Standing(const Moment& moment);

// What must hold where the call begins.
std::vector<Promise> Required(const Called& called, const Moment& before);

// A block and, in front of it, what others raised the break by.
inline constexpr std::size_t kMostNewBlocks = 2;

// Whether a call can end like this, as far as the lengths of the lists tell. The promises include it.
bool HasShape(const Called& called, const ProofHeap& before, const ProofReply& reply, std::size_t blocks,
              std::size_t mappings);

// Of a step that succeeds: `after` with everything in its place that the step keeps, if the new blocks are, or the one
// that is gone was, at `at` in the list. The promises say that the state is one of these.
ProofHeap WithKept(const Called& called, const ProofHeap& before, ProofHeap after, std::size_t at);
bool IsPlace(const Called& called, const ProofHeap& before, std::size_t blocks, std::size_t at);

// Everything promised of a call that began in a moment of good standing.
std::vector<Promise> Promises(const Called& called, const Moment& before, const Moment& after,
                              const ProofSystem::Events& events, const ProofReply& reply);

// malloc_usable_size.
std::vector<Promise> UsablePromises(const TermWord& address, const Moment& before, const Moment& after,
                                    const TermWord& usable);

}  // namespace breakproof::model::reference
