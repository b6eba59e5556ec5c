#include "allocator/interface/cxx_runtime.h"

#include <dlfcn.h>
#include <stdint.h>

#include "allocator/base/require.h"
#include "allocator/interface/operators.h"

namespace breakproof::allocator {

// Filled in by the dynamic linker, so that no call has to ask. The library must not be linked with -Bsymbolic.
constinit const ProgramOperators kProgram = {operator new,    operator new[],    operator new,    operator new[],
                                             operator delete, operator delete[], operator delete, operator delete[]};

namespace {

// To the compiler functions of different names are different, though two names may lead to one: it must not know which
// function this is.
template <typename Function>
Function* AsLoaded(Function* function) {
  asm("" : "+r"(function));
  return function;
}

}  // namespace

bool AreNewOperatorsOurs() {
  return AsLoaded(kProgram.allocate) == OurNew && AsLoaded(kProgram.allocate_array) == OurNewArray &&
         AsLoaded(kProgram.allocate_aligned) == OurNewAligned &&
         AsLoaded(kProgram.allocate_aligned_array) == OurNewAlignedArray;
}

namespace {

// The definition of `name` that the object which contains `caller` was linked with.
void* FindFromCaller(const char* name, void* caller) {
  Dl_info object;
  if (dladdr(caller, &object) == 0) return nullptr;
  void* const handle = dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* const found = dlsym(handle, name);
  dlclose(handle);  // it stays: the caller is running in it
  return found;
}

// The runtime's operator of this name; nullptr if there is no runtime.
template <typename Function>
Function* RuntimeOperator(const char* name, void* caller) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) found = FindFromCaller(name, caller);
  Dl_info ours, its;
  const bool is_ours = found != nullptr && dladdr(found, &its) != 0 &&
                       dladdr(reinterpret_cast<void*>(&AreNewOperatorsOurs), &ours) != 0 &&
                       its.dli_fbase == ours.dli_fbase;
  return is_ours ? nullptr : reinterpret_cast<Function*>(found);
}

template <typename Function>
Function* RequiredOperator(const char* name, void* caller) {
  Function* const found = RuntimeOperator<Function>(name, caller);
  if (found == nullptr) Die("operator new: out of memory, and no C++ runtime is loaded that could throw std::bad_alloc");
  return found;
}

}  // namespace

void* AllocateOrThrow(size_t size, void* caller) {
  return RequiredOperator<void*(size_t)>("_Znwm", caller)(size);
}

void* AllocateOrThrow(size_t size, std::align_val_t alignment, void* caller) {
  // libstdc++ rounds the size up to the alignment, and the sum may wrap to something small. This size fails just as well,
  // and is a multiple of every alignment.
  if (size > PTRDIFF_MAX) size = PTRDIFF_MAX + size_t{1};
  return RequiredOperator<void*(size_t, std::align_val_t)>("_ZnwmSt11align_val_t", caller)(size, alignment);
}

void* AllocateOrNull(const char* name, size_t size, void* caller) noexcept {
  auto* const allocate = RuntimeOperator<void*(size_t, const std::nothrow_t&) noexcept>(name, caller);
  return allocate == nullptr ? nullptr : allocate(size, std::nothrow_t{});
}

void* AllocateOrNull(const char* name, size_t size, std::align_val_t alignment, void* caller) noexcept {
  auto* const allocate =
      RuntimeOperator<void*(size_t, std::align_val_t, const std::nothrow_t&) noexcept>(name, caller);
  return allocate == nullptr ? nullptr : allocate(size, alignment, std::nothrow_t{});
}

}  // namespace breakproof::allocator
