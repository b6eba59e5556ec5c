// How an entry point is exported: under its own name, or prefixed where the allocator is embedded beside another.
#pragma once

// BREAKPROOF_PREFIX(malloc) is malloc itself, or breakproof_malloc where the allocator is embedded beside another.
#ifndef BREAKPROOF_PREFIX
#define BREAKPROOF_PREFIX(name) name
#else
#define BREAKPROOF_EMBEDDED
#endif

#define EXPORT extern "C" __attribute__((visibility("default")))
