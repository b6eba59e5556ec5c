// For small programs that check an allocator from inside: CHECK, and whether the allocator is there at all.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  // dladdr
#endif

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Ends the program, naming the place; stdio is used only then.
#define CHECK(condition)                                                              \
  do {                                                                                \
    if (!(condition)) {                                                               \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      _exit(1);                                                                       \
    }                                                                                 \
  } while (0)

// What the compiler cannot see through: it knows malloc, and removes calls whose results do not matter.
#define OPAQUE(function) ({ __typeof__(&function) volatile opaque = &function; opaque; })

// Whether malloc is the library's that the test preloads (BREAKPROOF_EXPECTED=1), or the system's (0): a check that ran
// on the wrong one would prove nothing.
static inline int IsExpectedMalloc(void) {
  Dl_info info;
  const char* const expected = getenv("BREAKPROOF_EXPECTED");
  void* const function = dlsym(RTLD_DEFAULT, "malloc");
  if (expected == NULL || dladdr(function, &info) == 0) return 0;
  return (strstr(info.dli_fname, "breakproof_library") != NULL || strstr(info.dli_fname, "libbreakproof") != NULL) ==
         (expected[0] == '1');
}
