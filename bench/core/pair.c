// A loop of COUNT pairs of malloc and free of SIZE bytes, or of calls that only return (SIZE "empty"): what is run under
// callgrind.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void* (*Make)(size_t size);
typedef void (*Release)(void* block);

// One instruction each.
__attribute__((naked)) static void* MakeNothing(size_t size) { __asm__("ret"); }
__attribute__((naked)) static void ReleaseNothing(void* block) { __asm__("ret"); }

// Every pair finds a block at hand: this is what a hot pair costs.
__attribute__((noinline)) static void Pairs(long count, size_t size, Make make, Release release) {
  for (long i = 0; i < count; ++i) release(make(size));
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: pair SIZE|empty COUNT\n", stderr);
    return 2;
  }
  const int is_empty = strcmp(argv[1], "empty") == 0;
  const size_t size = is_empty ? 0 : (size_t)atol(argv[1]);
  Pairs(atol(argv[2]), size, is_empty ? MakeNothing : malloc, is_empty ? ReleaseNothing : free);
  return 0;
}
