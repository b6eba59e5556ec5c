// The program break: the brk system call (rules B1-B23). Addresses in bytes.
#pragma once

#include "model/mapping/state.h"

namespace breakproof::model {

// brk(wanted). Returns the break afterwards: `wanted` on success, the unchanged break on refusal (B1).
// Never fails otherwise; there is no errno.
Word SetBreak(State& state, Word wanted);

}  // namespace breakproof::model
