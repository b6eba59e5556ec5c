// The child process in which real calls run. It uses no heap: its own break is what is tested.
#pragma once

#include "harness/kernel/real/protocol.h"

namespace breakproof::harness {

// Prepares the address space, then runs a sequence for every byte read from `requests` and answers each with
// a byte on `answers`. Two answers precede the first request: one when the address space is prepared, and,
// after the parent has filled in data_start, data_end and lowest_break, one when the break is in place.
[[noreturn]] void RunChild(Channel& channel, int requests, int answers);

}  // namespace breakproof::harness
