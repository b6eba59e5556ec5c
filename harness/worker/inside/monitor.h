// Watches the memory calls of the thread that runs the subject, by syscall user dispatch (rules D21, D22):
// every system call made while an operation is watched traps, is passed on or refused, and those that
// concern memory are recorded. Inlined syscall instructions do not escape it, as they escape symbols.
//
// Only one thread is inside an operation at a time. No library but libc, no allocation.
#pragma once

#include <cstdint>

#include "harness/worker/log_layout.h"
#include "model/heap/entry.h"

namespace breakproof::harness {

// Takes the log that the command prepared (a descriptor, closed here) and installs the trap. False if there
// is no log; whether this kernel can trap is in the log.
bool StartMonitor(int descriptor);

// The calling thread's memory calls between these two belong to the operation with this index. Without
// StartMonitor they do nothing. The second tells what the kernel did in between.
void BeginWatching(std::uint32_t operation);
model::KernelDuringCall EndWatching();

// Tells whoever reads the log where memory of the harness lies in this process.
void NoteHarnessMemory(const void* begin, std::uint64_t bytes);

// The next `count` calls of a type fail, whatever the log's plan says: a model::KernelCallKind, or
// model::kKernelCallKindCount for any; UINT64_MAX: all from here on; 0: none any more.
void RefuseCalls(int kind, std::uint64_t count);

// What the break can grow before it is to meet a mapping, if the command says so.
bool BreakRoom(std::uint64_t* bytes);

}  // namespace breakproof::harness
