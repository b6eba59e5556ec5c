// What the operators need of the C++ program around them.
//
// When there is no memory, operator new calls the new handler and tries again, or throws std::bad_alloc. Both are the
// C++ runtime's, and libbreakproof.so needs none: a C program must not get one. So the runtime's own definition of the
// same operator takes over. It allocates by malloc or aligned_alloc, which are ours, in the loop that the standard
// prescribes, and knows its handlers and its exceptions. It is looked for after us in the order of libraries, and then
// from the caller: a plug-in may have brought its runtime with it, which nobody else sees.
#pragma once

#include <stddef.h>

#include <new>

namespace breakproof::allocator {

// The operators that the others stand on, as the program sees them: it may have replaced them, and the standard has
// the array, sized and nothrow forms call the replacement.
struct ProgramOperators {
  void* (*allocate)(size_t size);
  void* (*allocate_array)(size_t size);
  void* (*allocate_aligned)(size_t size, std::align_val_t alignment);
  void* (*allocate_aligned_array)(size_t size, std::align_val_t alignment);
  void (*release)(void* block);
  void (*release_array)(void* block);
  void (*release_aligned)(void* block, std::align_val_t alignment);
  void (*release_aligned_array)(void* block, std::align_val_t alignment);
};
extern const ProgramOperators kProgram __attribute__((visibility("hidden")));

// Whether those that allocate are ours: then a nothrow form need not call them.
bool AreNewOperatorsOurs();

// Another try; throws if it fails. `caller` is an address in the function that called the operator. Without a C++
// runtime the process ends with a message: it has called what only C++ can call. Takes the dynamic linker's lock.
void* AllocateOrThrow(size_t size, void* caller);
void* AllocateOrThrow(size_t size, std::align_val_t alignment, void* caller);

// Another try, by the nothrow operator of this mangled name; nullptr if it fails.
void* AllocateOrNull(const char* name, size_t size, void* caller) noexcept;
void* AllocateOrNull(const char* name, size_t size, std::align_val_t alignment, void* caller) noexcept;

}  // namespace breakproof::allocator
