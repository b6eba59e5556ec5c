// A run of a case with the memory behind it: what replay draws and what the report shows.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/case/case.h"
#include "harness/judge/judge.h"
#include "harness/case/operation/outcome.h"

namespace breakproof::harness {

enum class RegionKind : std::uint8_t {
  kBreak,    // from where the program break started to where it is
  kMapping,
  kForeign,  // somebody else's, in the way of the break
};

// Memory that the subject holds of the kernel. Addresses of the process that ran the case.
struct Region {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  RegionKind kind = RegionKind::kMapping;
  bool is_accessible = true;  // false: reserved only
};

// Where the subject shows its books: a run of pages with one use.
enum class SpanKind : std::uint8_t { kFree, kSlab, kLarge, kMapping };
struct SpanView {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  SpanKind kind = SpanKind::kFree;
  std::uint32_t block_size = 0;  // kSlab: bytes
  std::uint32_t owner = 0;       // kSlab: thread heap, from 1
};
// "slab of 48-byte blocks, of thread heap 1".
std::string Describe(const SpanView& span);

struct FreeBlock {
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // bytes
};

// The address space at one moment, in order of addresses.
struct AddressSpace {
  std::vector<Region> regions;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> resident;  // [begin, end) of pages that are in memory
  std::vector<SpanView> spans;
  std::vector<FreeBlock> free_blocks;
};

struct Moment {
  std::uint32_t performed = 0;  // operations performed before it
  AddressSpace space;
};

struct Trace {
  std::string subject;
  Case c;
  std::vector<Outcome> outcomes;  // one an operation
  RunResult run;
  Judgement judgement;
  // What the guilty operation asked of the kernel, where that is known: "brk -139264; munmap 4096 refused; ".
  std::string kernel_calls;
  std::uint64_t break_start = 0;  // where the program break was before the first operation
  bool is_placed_at_random = false;  // the subject took part of the break earlier, where randomisation put it
  std::vector<Moment> moments;    // consecutive; a long case has them near the guilty operation only

  // The operation that broke a rule first; the number of operations if none did.
  std::size_t Guilty() const {
    return judgement.violations.empty() ? c.operations.size() : judgement.violations.front().operation;
  }
};

// Moments are kept for this many operations before the guilty one, and for kMomentsAfter behind it.
inline constexpr std::uint32_t kMomentsBefore = 1500;
inline constexpr std::uint32_t kMomentsAfter = 8;

}  // namespace breakproof::harness
