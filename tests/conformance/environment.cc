// What the environment says about mappings: the argument is the number of mappings that a block of 1 MiB must get, 0 or
// 1. The test's name says which variable, and how it is written.
#include "tests/conformance/check.h"

#include <malloc.h>

#ifdef AS_IF_SECURE
#include <elf.h>
// Stands before libc's for the library as well, which asks by glibc's inner name: as if the program had gained privileges
// when it was started.
extern "C" unsigned long __getauxval(unsigned long type) { return type == AT_SECURE; }
#endif

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 2);
  void* const block = OPAQUE(malloc)(1 << 20);
  const size_t mappings = mallinfo2().hblks;
  if (mappings != static_cast<size_t>(atoi(argv[1]))) {
    fprintf(stderr, "%zu mappings, not %s\n", mappings, argv[1]);
    return 1;
  }
  free(block);
}
