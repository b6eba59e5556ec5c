// A plain per-byte shadow map, as one would write it first: a state for every byte of every block, checked and set
// byte by byte with each allocation, write and free. It finds overlapping blocks, writes to what is no block and double
// frees; it looks at no contents. Here to be compared with.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "bench/throughput/bare.h"

namespace breakproof::bench {

enum class ByteState : std::uint8_t { kFree, kAllocated, kWritten };

// The pages of the map are found by hash: for every byte ...
class ShadowMap : public ProgramObserver {
 public:
  void Allocated(std::uintptr_t address, std::uint64_t bytes) override;
  void Wrote(std::uintptr_t address, std::uint64_t bytes) override;
  void Freed(std::uintptr_t address, std::uint64_t bytes) override;
  // Bytes that were not in the state that they had to be in.
  std::uint64_t faults() const { return faults_; }

 private:
  ByteState& At(std::uintptr_t address) { return pages_[address / 4096][address % 4096]; }

  std::unordered_map<std::uintptr_t, std::array<ByteState, 4096>> pages_;
  std::uint64_t faults_ = 0;
};

// ... or, with more care, once a page.
class PagedShadowMap : public ProgramObserver {
 public:
  void Allocated(std::uintptr_t address, std::uint64_t bytes) override;
  void Wrote(std::uintptr_t address, std::uint64_t bytes) override;
  void Freed(std::uintptr_t address, std::uint64_t bytes) override;
  std::uint64_t faults() const { return faults_; }

 private:
  // Bytes in the state `wrong` are faults; all are `next` afterwards.
  template <typename IsWrong>
  void Change(std::uintptr_t address, std::uint64_t bytes, IsWrong is_wrong, ByteState next);

  std::unordered_map<std::uintptr_t, std::array<ByteState, 4096>> pages_;
  std::uint64_t faults_ = 0;
};

}  // namespace breakproof::bench
