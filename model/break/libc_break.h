// glibc's brk and sbrk above the system call (2.36, rules B40-B45). They keep a cached break of their own.
#pragma once

#include "model/mapping/state.h"

namespace breakproof::model {

struct LibcBreak {
  Word cached = 0;  // glibc's __curbrk
};

// brk(wanted): 0, or -1 with ENOMEM.
Result LibcBrk(State& state, LibcBreak& libc, Word wanted);

// sbrk(increment in bytes): the old cached break, or -1 with ENOMEM.
Result LibcSbrk(State& state, LibcBreak& libc, std::int64_t increment);

}  // namespace breakproof::model
