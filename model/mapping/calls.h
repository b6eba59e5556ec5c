// The mapping calls: mmap, munmap, mprotect, mremap, madvise, with the argument order of the system calls.
//
// Each returns the value or errno that Linux returns and changes `state.space` (rules M1-M82). Addresses,
// lengths and offsets are bytes and may have any value; ranges that pass the argument checks must lie in the
// window (the caller sees to that: a model of one window cannot say what happens outside).
#pragma once

#include "model/mapping/state.h"

namespace breakproof::model {

struct MmapCall {
  Word address = 0;
  Word length = 0;
  unsigned protection = 0;
  unsigned flags = 0;
  int descriptor = -1;
  Word offset = 0;
};

Result Mmap(State& state, const MmapCall& call, Chooser& chooser);

Result Munmap(State& state, Word address, Word length);

Result Mprotect(State& state, Word address, Word length, unsigned protection);

struct MremapCall {
  Word address = 0;
  Word old_length = 0;
  Word new_length = 0;
  unsigned flags = 0;
  Word new_address = 0;
};

// MREMAP_DONTUNMAP (M55) is not modelled beyond its argument errors: EINVAL, as before Linux 5.7.
Result Mremap(State& state, const MremapCall& call, Chooser& chooser);

Result Madvise(State& state, Word address, Word length, int advice);

// Shared by the calls: first address past EOF of the object, rounded to a page, as an address of the area.
Word EndOfObject(const State& state, const Area& area);

}  // namespace breakproof::model
