#include "allocator/base/require.h"

#include <stdlib.h>
#include <unistd.h>

#include "allocator/base/system_call.h"

namespace breakproof::allocator {

namespace {

// Nothing can be done about a write that fails: the process ends.
void WriteToStandardError(const char* text) {
  long length = 0;
  while (text[length] != '\0') ++length;
  SystemCall(SYS_write, STDERR_FILENO, AsArgument(text), length);
}

}  // namespace

void Die(const char* message) {
  WriteToStandardError("breakproof: ");
  WriteToStandardError(message);
  WriteToStandardError("\n");
  abort();
}

}  // namespace breakproof::allocator
