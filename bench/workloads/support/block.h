// Blocks that are really used: written when allocated, read back before they are freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "bench/workloads/support/workload.h"

namespace breakproof::bench {

inline constexpr std::size_t kCacheLine = 64;
inline constexpr std::size_t kPage = 4096;

inline void* NotNull(void* block) {
  if (block == nullptr) Fail("out of memory");
  return block;
}

// Eight bytes at once, wherever they are; memcpy would be a call, since the compiler must not know such functions here.
inline void WriteWord(char* at, std::uint64_t word) { __builtin_memcpy(at, &word, sizeof word); }

inline std::uint64_t ReadWord(const char* at) {
  std::uint64_t word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}

// A tag at both ends and a byte in every `stride` between them.
inline void Fill(void* block, std::size_t size, std::uint64_t tag, std::size_t stride = kCacheLine) {
  char* const bytes = static_cast<char*>(block);
  for (std::size_t at = stride; at < size; at += stride) bytes[at] = static_cast<char>(tag);
  if (size >= sizeof tag) {
    WriteWord(bytes + size - sizeof tag, tag);
    WriteWord(bytes, tag);
  } else {
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(tag >> 8 * i);
  }
}

// What Fill wrote at both ends.
inline std::uint64_t Read(const void* block, std::size_t size) {
  const char* const bytes = static_cast<const char*>(block);
  if (size >= sizeof(std::uint64_t)) return ReadWord(bytes) + 3 * ReadWord(bytes + size - sizeof(std::uint64_t));
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  return word;
}

inline void* NewBlock(std::size_t size, std::uint64_t tag) {
  void* const block = NotNull(std::malloc(size));
  Fill(block, size, tag);
  return block;
}

inline std::uint64_t ReadAndFree(void* block, std::size_t size) {
  const std::uint64_t sum = Read(block, size);
  std::free(block);
  return sum;
}

// A block and its size, for tables of live blocks.
struct Sized {
  void* block = nullptr;
  std::size_t size = 0;

  void Allocate(std::size_t bytes, std::uint64_t tag) {
    block = NewBlock(bytes, tag);
    size = bytes;
  }

  // Nothing if there is no block.
  std::uint64_t Release() {
    if (block == nullptr) return 0;
    const std::uint64_t sum = ReadAndFree(block, size);
    block = nullptr;
    return sum;
  }
};

// A table of its own on a mapping, zeroed: the tables of a workload are no load on its allocator.
void* MapTable(std::size_t bytes);

template <typename Element>
Element* NewTable(std::size_t count) {
  return static_cast<Element*>(MapTable(count * sizeof(Element)));
}

}  // namespace breakproof::bench
