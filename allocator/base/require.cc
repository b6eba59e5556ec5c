#include "allocator/base/require.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace breakproof::allocator {

void Die(const char* message) {
  constexpr char kPrefix[] = "breakproof: ";
  // Nothing can be done about a write that fails: the process ends here.
  [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, kPrefix, sizeof kPrefix - 1);
  ignored = write(STDERR_FILENO, message, strlen(message));
  ignored = write(STDERR_FILENO, "\n", 1);
  abort();
}

}  // namespace breakproof::allocator
