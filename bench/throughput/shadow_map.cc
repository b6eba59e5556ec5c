#include "bench/throughput/shadow_map.h"

#include <algorithm>

namespace breakproof::bench {

void ShadowMap::Allocated(std::uintptr_t address, std::uint64_t bytes) {
  for (std::uint64_t i = 0; i < bytes; ++i) {
    ByteState& state = At(address + i);
    if (state != ByteState::kFree) ++faults_;
    state = ByteState::kAllocated;
  }
}

void ShadowMap::Wrote(std::uintptr_t address, std::uint64_t bytes) {
  for (std::uint64_t i = 0; i < bytes; ++i) {
    ByteState& state = At(address + i);
    if (state == ByteState::kFree) ++faults_;
    state = ByteState::kWritten;
  }
}

void ShadowMap::Freed(std::uintptr_t address, std::uint64_t bytes) {
  for (std::uint64_t i = 0; i < bytes; ++i) {
    ByteState& state = At(address + i);
    if (state == ByteState::kFree) ++faults_;
    state = ByteState::kFree;
  }
}

template <typename IsWrong>
void PagedShadowMap::Change(std::uintptr_t address, std::uint64_t bytes, IsWrong is_wrong, ByteState next) {
  const std::uintptr_t end = address + bytes;
  while (address < end) {
    std::array<ByteState, 4096>& page = pages_[address / 4096];
    const std::uintptr_t stop = std::min(end, (address / 4096 + 1) * 4096);
    for (; address < stop; ++address) {
      ByteState& state = page[address % 4096];
      if (is_wrong(state)) ++faults_;
      state = next;
    }
  }
}

void PagedShadowMap::Allocated(std::uintptr_t address, std::uint64_t bytes) {
  Change(address, bytes, [](ByteState state) { return state != ByteState::kFree; }, ByteState::kAllocated);
}

void PagedShadowMap::Wrote(std::uintptr_t address, std::uint64_t bytes) {
  Change(address, bytes, [](ByteState state) { return state == ByteState::kFree; }, ByteState::kWritten);
}

void PagedShadowMap::Freed(std::uintptr_t address, std::uint64_t bytes) {
  Change(address, bytes, [](ByteState state) { return state == ByteState::kFree; }, ByteState::kFree);
}

}  // namespace breakproof::bench
