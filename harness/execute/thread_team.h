// Runs the operations of a case in order, each on the thread it names: exactly one thread at a time.
//
// Threads are real (pthread_create), started by their first operation, ended by a thread exit and then
// joined, so that a subject's thread-local state lives and dies as in a program, yet every run is the same.
// No library but libc, no allocation of its own.
#pragma once

#include <cstdint>

#include "harness/case/operation/operation.h"

namespace breakproof::harness {

// Performs the operation at `index`; called on the operation's thread.
using PerformFunction = void (*)(void* context, std::uint32_t index);

// What threads have for a stack.
enum class Stacks {
  kUsual,
  kSmallOnes,  // threads with an odd number have kSmallStack bytes
};
inline constexpr std::uint64_t kSmallStack = 32 * 1024;

// The caller is thread 0. Returns false if a thread could not be started; operations from there on have
// then not been performed.
bool RunOnThreads(const Operation* operations, std::uint32_t count, Stacks stacks, PerformFunction perform, void* context);

}  // namespace breakproof::harness
