// Everything the allocator gets from the kernel, as a table of functions: tests put a simulated kernel here.
//
// Called on slow paths only. Lengths and addresses are bytes, whole pages but for the break. A refusal is
// nullptr or false; errno is the implementation's to preserve.
#pragma once

#include <cstddef>
#include <cstdint>

namespace breakproof::allocator {

struct Kernel {
  void* context;  // handed to every function

  // Moves the break by `increment` and returns where it was; nullptr if refused. 0 asks where it is.
  void* (*move_break)(void* context, std::intptr_t increment);

  // Zeroed private memory, read-write.
  void* (*map)(void* context, std::size_t length);

  // The same, for the allocator's own books: kept for good, counted apart.
  void* (*map_metadata)(void* context, std::size_t length);

  // Returns [address, address + length) to the kernel.
  bool (*unmap)(void* context, void* address, std::size_t length);

  // Changes the length of a mapping, moving it if need be; contents up to the shorter length survive.
  void* (*remap)(void* context, void* address, std::size_t old_length, std::size_t new_length);

  // Gives back the memory but keeps the addresses: they read as zero afterwards.
  bool (*discard)(void* context, void* address, std::size_t length);

  // Monotonic milliseconds; coarse: it may be the answer to an earlier question.
  std::uint64_t (*now)(void* context);

  // Bits that an attacker cannot know. Asked once.
  std::uint64_t (*entropy)(void* context);
};

// The real one. Thread-safe. Preserves errno.
extern const Kernel kSystemKernel;

}  // namespace breakproof::allocator
