// Preloaded into breakproof by a test: no file can be brought to the disk any more, as if it were full. Works
// where a test may not mount a file system of its own.
#include <errno.h>

extern "C" __attribute__((visibility("default"))) int fsync(int) {
  errno = ENOSPC;
  return -1;
}
