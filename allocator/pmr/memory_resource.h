// std::pmr::memory_resource over a malloc: the process's own, or a heap that is embedded under prefixed names. Header
// only; needs no other file of this project.
//
//   std::pmr::vector<int> numbers(breakproof::DefaultMemoryResource());
//
//   struct Embedded {                                        // the functions of a prefixed build
//     static void* Allocate(std::size_t size) { return bp_malloc(size); }
//     static void* AllocateAligned(std::size_t alignment, std::size_t size) { return bp_aligned_alloc(alignment, size); }
//     static void Release(void* block, std::size_t size) { bp_free_sized(block, size); }
//     static void ReleaseAligned(void* block, std::size_t alignment, std::size_t size) {
//       bp_free_aligned_sized(block, alignment, size);
//     }
//   };
//   breakproof::MemoryResource<Embedded> resource;
//
// Sizes and alignments are bytes. allocate() throws std::bad_alloc where the functions return a null pointer; it does
// not call the new handler, which is operator new's ([mem.res.private]). As thread-safe as the functions, which for
// malloc is entirely. A resource has no state: all of one type are equal, and each may release what another allocated.
// libbreakproof.so ends the process with a message when a block is released with another size than it was allocated
// with; under another malloc the size is not looked at.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory_resource>
#include <new>

extern "C" {
// C23, of libbreakproof.so; glibc 2.36 has neither.
void free_sized(void* block, std::size_t size) noexcept __attribute__((weak));
void free_aligned_sized(void* block, std::size_t alignment, std::size_t size) noexcept __attribute__((weak));
}

namespace breakproof {

template <typename Functions>
class MemoryResource final : public std::pmr::memory_resource {
 private:
  // What Functions::Allocate promises without being asked.
  static constexpr std::size_t kUsualAlignment = alignof(std::max_align_t);

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    void* const block =
        alignment <= kUsualAlignment ? Functions::Allocate(bytes) : Functions::AllocateAligned(alignment, bytes);
    if (block == nullptr) throw std::bad_alloc();
    return block;
  }

  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
    if (alignment <= kUsualAlignment) {
      Functions::Release(block, bytes);
    } else {
      Functions::ReleaseAligned(block, alignment, bytes);
    }
  }

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other || dynamic_cast<const MemoryResource*>(&other) != nullptr;
  }
};

// The process's malloc.
struct ProcessMalloc {
  static void* Allocate(std::size_t size) { return std::malloc(size); }
  static void* AllocateAligned(std::size_t alignment, std::size_t size) { return std::aligned_alloc(alignment, size); }
  static void Release(void* block, std::size_t size) {
    if (free_sized != nullptr) return free_sized(block, size);
    std::free(block);
  }
  static void ReleaseAligned(void* block, std::size_t alignment, std::size_t size) {
    if (free_aligned_sized != nullptr) return free_aligned_sized(block, alignment, size);
    std::free(block);
  }
};

// One for the whole process; it is never destroyed, so containers of static duration may use it.
inline std::pmr::memory_resource* DefaultMemoryResource() {
  alignas(MemoryResource<ProcessMalloc>) static unsigned char place[sizeof(MemoryResource<ProcessMalloc>)];
  static std::pmr::memory_resource* const resource = new (place) MemoryResource<ProcessMalloc>;
  return resource;
}

}  // namespace breakproof
