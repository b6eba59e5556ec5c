// The operators of an allocator whose operators are its malloc, memalign and free, as ours are where no program has
// replaced one (allocator/interface/operators.cc). NULL where there is no memory: throwing is the C++ runtime's.
#pragma once

#include <cstddef>

#include "harness/execute/malloc_family.h"

namespace breakproof::harness {

template <void* (*Malloc)(std::size_t), void* (*Memalign)(std::size_t, std::size_t), void (*Free)(void*)>
constexpr CppOperators OperatorsOf() {
  using Tag = const void*;
  constexpr auto kPlain = [](std::size_t size, Tag) { return Malloc(size); };
  constexpr auto kAligned = [](std::size_t size, std::size_t alignment) { return Memalign(alignment, size); };
  constexpr auto kAlignedTagged = [](std::size_t size, std::size_t alignment, Tag) { return Memalign(alignment, size); };
  constexpr auto kSized = [](void* block, std::size_t) { Free(block); };
  constexpr auto kTagged = [](void* block, Tag) { Free(block); };
  constexpr auto kTwoSizes = [](void* block, std::size_t, std::size_t) { Free(block); };
  constexpr auto kSizeAndTag = [](void* block, std::size_t, Tag) { Free(block); };
  return {.allocate = {Malloc, Malloc},
          .allocate_nothrow = {kPlain, kPlain},
          .allocate_aligned = {kAligned, kAligned},
          .allocate_aligned_nothrow = {kAlignedTagged, kAlignedTagged},
          .release = {Free, Free},
          .release_sized = {kSized, kSized},
          .release_nothrow = {kTagged, kTagged},
          .release_aligned = {kSized, kSized},
          .release_aligned_sized = {kTwoSizes, kTwoSizes},
          .release_aligned_nothrow = {kSizeAndTag, kSizeAndTag}};
}

}  // namespace breakproof::harness
