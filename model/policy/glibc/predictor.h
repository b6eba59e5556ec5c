// Predicts every break and mapping call of glibc 2.36's malloc, and the address and usable size of every
// block, for a process with one thread.
//
// The kernel's answers are its input; everything else is computed. A call is given to `kernel` before its
// answer is known, so that whoever compares can compare first.
#pragma once

#include <cstdint>
#include <optional>

#include "model/heap/contract.h"
#include "model/policy/glibc/calls.h"
#include "model/policy/glibc/heap.h"

namespace breakproof::model::glibc {

class Predictor {
 public:
  explicit Predictor(Kernel& kernel, const Constants& constants = {})
      : context_{constants, kernel}, heap_(context_) {}

  // What the call returns: an address, or 0 for NULL and for entry points that return none.
  std::uint64_t Perform(const HeapCall& call);
  void Set(Option option, std::uint64_t value);
  void MoveBreak(std::int64_t bytes) { heap_.MoveBreak(bytes); }  // the program, by itself

  // malloc_usable_size of a live block.
  std::uint64_t UsableSize(std::uint64_t address) const;
  bool IsLive(std::uint64_t address) const;

  // The process ended in the call performed last.
  bool is_aborted() const { return context_.is_aborted; }

  const PolicyExercised& exercised() const { return context_.exercised; }

 private:
  std::uint64_t Malloc(std::uint64_t size);
  std::uint64_t Calloc(std::uint64_t count, std::uint64_t size);
  std::uint64_t Realloc(std::uint64_t address, std::uint64_t size);
  std::uint64_t ReallocMapped(std::uint64_t chunk, std::uint64_t size);
  std::uint64_t Aligned(std::uint64_t alignment, std::uint64_t size);
  std::uint64_t PosixMemalign(std::uint64_t alignment, std::uint64_t size);
  std::uint64_t Pvalloc(std::uint64_t size);
  void Free(std::uint64_t address);

  std::uint64_t AllocatePastCache(std::uint64_t size);
  void EnsureCache();

  Context context_;
  Heap heap_;
};

}  // namespace breakproof::model::glibc
