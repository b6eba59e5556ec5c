// Memory hidden from instrumented code: under AddressSanitizer whoever was built with it and touches it is stopped where it
// does. Elsewhere these do nothing.
//
// BREAKPROOF_HIDES_BLOCKS says that the program is built with it where this file is not (.bazelrc, asan-libfuzzer).
#pragma once

#include <cstdint>

#if __has_feature(address_sanitizer) || defined(BREAKPROOF_HIDES_BLOCKS)
#define BREAKPROOF_HAS_POISON
// The macros for these do nothing where a file is not instrumented.
#include <sanitizer/asan_interface.h>
#endif

namespace breakproof::harness {

#ifdef BREAKPROOF_HAS_POISON
inline constexpr bool kHasPoison = true;
inline void Poison(void* start, std::uint64_t bytes) { __asan_poison_memory_region(start, bytes); }
inline void Unpoison(void* start, std::uint64_t bytes) { __asan_unpoison_memory_region(start, bytes); }
inline bool IsPoisoned(const void* byte) { return __asan_address_is_poisoned(byte) != 0; }
#else
inline constexpr bool kHasPoison = false;
inline void Poison(void*, std::uint64_t) {}
inline void Unpoison(void*, std::uint64_t) {}
inline bool IsPoisoned(const void*) { return false; }
#endif

}  // namespace breakproof::harness
