// The environment variables that glibc documents for its malloc (mallopt(3), "Tunables" in the glibc manual):
//
//   MALLOC_MMAP_THRESHOLD_  MALLOC_TRIM_THRESHOLD_  MALLOC_TOP_PAD_  MALLOC_MMAP_MAX_  MALLOC_PERTURB_
//   GLIBC_TUNABLES=glibc.malloc.mmap_threshold=N:glibc.malloc.trim_threshold=N:...   top_pad, mmap_max, perturb
//
// Numbers as glibc reads them: decimal, 0 octal or 0x hexadecimal, bytes but for the last two; what follows the digits
// is ignored; mmap_max beyond 0 to INT_MAX and perturb beyond 0 to 255 are ignored. GLIBC_TUNABLES wins. A process that
// gained privileges by its program file (AT_SECURE, getauxval(3)) ignores all of them. Nothing here allocates.
#pragma once

#include "allocator/heap/heap.h"

namespace breakproof::allocator {

// Whether libc knows the environment by now: constructors and resolvers that run before libc's own start find none.
bool IsEnvironmentKnown();

// Sets what the environment says.
void ApplyEnvironment(Heap& heap);

}  // namespace breakproof::allocator
