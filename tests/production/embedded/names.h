// The allocator under the names that a program has it by: its own prefix, or the usual names, which whatever library is
// preloaded serves.
#pragma once

#include <cstddef>

#ifdef BREAKPROOF_USUAL_NAMES
#include <cstdlib>
#else
#include "allocator/interface/prefixed.h"
#endif

namespace breakproof::tests::names {

#ifdef BREAKPROOF_USUAL_NAMES
inline void* Malloc(std::size_t size) { return std::malloc(size); }
inline void* Realloc(void* block, std::size_t size) { return std::realloc(block, size); }
inline void Free(void* block) { std::free(block); }
#else
inline void* Malloc(std::size_t size) { return breakproof_malloc(size); }
inline void* Realloc(void* block, std::size_t size) { return breakproof_realloc(block, size); }
inline void Free(void* block) { breakproof_free(block); }
#endif

}  // namespace breakproof::tests::names
