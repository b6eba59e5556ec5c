// A loop of COUNT pairs of malloc and free of SIZE bytes, or of nothing (SIZE "empty"): what is run under callgrind.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Every pair finds a block at hand: this is what a hot pair costs.
__attribute__((noinline)) static void Pairs(long count, size_t size) {
  for (long i = 0; i < count; ++i) {
    void* block = malloc(size);
    __asm__ volatile("" : "+r"(block));
    free(block);
  }
}

// The same loop without the two calls.
__attribute__((noinline)) static void Nothing(long count, size_t size) {
  for (long i = 0; i < count; ++i) {
    void* block = (void*)size;
    __asm__ volatile("" : "+r"(block));
  }
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: pair SIZE|empty COUNT\n", stderr);
    return 2;
  }
  const long count = atol(argv[2]);
  if (strcmp(argv[1], "empty") == 0) {
    Nothing(count, 0);
  } else {
    Pairs(count, (size_t)atol(argv[1]));
  }
  return 0;
}
