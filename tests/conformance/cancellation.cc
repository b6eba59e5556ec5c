// A thread that is to be cancelled calls malloc_stats and malloc_info, and comes back from both: their declarations say
// that nothing is thrown, so neither may be a cancellation point. The next call that is one ends the thread. (glibc's
// malloc_info is one where its output fills the buffer of the file.)
#include "tests/conformance/check.h"

#include <malloc.h>
#include <pthread.h>

namespace {

bool came_back;

void* CallWhileCancelled(void* argument) {
  auto* const file = static_cast<FILE*>(argument);
  CHECK(pthread_cancel(pthread_self()) == 0);
  free(OPAQUE(malloc)(1 << 20));
  malloc_stats();
  CHECK(malloc_info(0, file) == 0);
  came_back = true;
  pthread_testcancel();
  CHECK(!"it goes on after a cancellation point");
  return nullptr;
}

void CheckWith(int buffer_mode) {
  FILE* const file = fopen("/dev/null", "w");
  CHECK(file != nullptr);
  static char buffer[1 << 16];
  CHECK(setvbuf(file, buffer_mode == _IOFBF ? buffer : nullptr, buffer_mode, sizeof buffer) == 0);
  pthread_t thread;
  void* result = nullptr;
  CHECK(pthread_create(&thread, nullptr, CallWhileCancelled, file) == 0);
  CHECK(pthread_join(thread, &result) == 0);
  CHECK(came_back);
  CHECK(result == PTHREAD_CANCELED);
  fclose(file);
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  CheckWith(_IOFBF);
  came_back = false;
  if (getenv("BREAKPROOF_EXPECTED")[0] == '1') CheckWith(_IONBF);
}
