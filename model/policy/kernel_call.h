// The calls by which an allocator buys memory from the kernel and gives it back, as plain data.
// No library is needed to include this file.
#pragma once

#include <cstdint>
#include <type_traits>

namespace breakproof::model {

enum class KernelCallKind : std::uint8_t { kBrk, kMmap, kMunmap, kMremap, kMprotect, kMadvise };

inline constexpr int kKernelCallKindCount = 6;

constexpr const char* NameOf(KernelCallKind kind) {
  constexpr const char* kNames[kKernelCallKindCount] = {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise"};
  return kNames[static_cast<int>(kind)];
}

// Arguments as the system call has them; a field that the kind does not use is 0.
struct KernelCall {
  KernelCallKind kind = KernelCallKind::kBrk;
  std::uint64_t address = 0;     // brk: the new break, 0 to ask for it; mmap: the hint
  std::uint64_t length = 0;      // bytes; mremap: of the old mapping
  std::uint64_t new_length = 0;  // bytes, mremap
  std::uint64_t detail = 0;      // mmap: protection | flags << 32; mremap: flags; mprotect: protection; madvise: advice

  friend bool operator==(const KernelCall&, const KernelCall&) = default;
};
static_assert(std::is_trivially_copyable_v<KernelCall> && sizeof(KernelCall) == 40,
              "stored in shared memory as it is");

constexpr std::uint64_t MmapDetail(std::uint32_t protection, std::uint32_t flags) {
  return protection | std::uint64_t{flags} << 32;
}

}  // namespace breakproof::model
