/* operator new without a C++ runtime: nothing can be thrown, so nothrow gives NULL and the other ends the program. */
#include "tests/conformance/check.h"

#include <signal.h>
#include <sys/wait.h>

extern void* _Znwm(size_t size) __attribute__((weak));
extern void* _ZnwmRKSt9nothrow_t(size_t size, const void* nothrow) __attribute__((weak));
extern void _ZdlPv(void* block) __attribute__((weak));

int main(void) {
  CHECK(IsExpectedMalloc());
  const size_t too_much = (size_t)1 << 60;
  CHECK(OPAQUE(_ZnwmRKSt9nothrow_t)(too_much, NULL) == NULL);
  _ZdlPv(OPAQUE(_Znwm)(100));
  int output[2], status;
  CHECK(pipe(output) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(output[1], STDERR_FILENO);
    OPAQUE(_Znwm)(too_much);
    _exit(0);
  }
  close(output[1]);
  char text[256] = "";
  size_t length = 0;
  for (ssize_t got; (got = read(output[0], text + length, sizeof text - 1 - length)) > 0;) length += (size_t)got;
  CHECK(strncmp(text, "breakproof: operator new: out of memory, and no C++ runtime", 59) == 0);
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  return 0;
}
