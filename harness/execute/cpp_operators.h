// C++'s operators new and delete, of a subject or as libstdc++ defines those that the subject does not replace.
//
// No library, no allocation, no exceptions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/execute/malloc_family.h"
#include "model/heap/entry.h"

namespace breakproof::harness {

// The power of two that an alignment stands for: C++ leaves no other to ask for (align_val_t).
std::uint64_t NewAlignment(std::uint64_t alignment);

// What the operator new returns. NULL if it would throw and `family` can tell; otherwise what it throws ends the process.
void* New(const MallocFamily& family, model::Entry form, std::uint64_t size, std::uint64_t alignment);

// Ends the block that New made by `maker`, told what New was. A block of NULL may have any maker.
void Delete(const MallocFamily& family, model::Entry form, model::Entry maker, void* block, std::uint64_t size,
            std::uint64_t alignment);

}  // namespace breakproof::harness
