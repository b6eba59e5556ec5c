// Our own operators new under names that nobody replaces.
#pragma once

#include <stddef.h>

#include <new>

extern "C" {
#pragma GCC visibility push(hidden)
void* OurNew(size_t size);
void* OurNewArray(size_t size);
void* OurNewAligned(size_t size, std::align_val_t alignment);
void* OurNewAlignedArray(size_t size, std::align_val_t alignment);
#pragma GCC visibility pop
}
