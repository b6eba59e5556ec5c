/* A C program: no C++ runtime may come with the allocator. It then loads a plug-in (the argument), with a runtime that
 * only the plug-in sees, whose operator new must throw to the plug-in, and asks for too much itself. */
#include "tests/conformance/check.h"

static int IsMapped(const char* library) {
  char line[1024];
  int found = 0;
  FILE* const maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) found |= strstr(line, library) != NULL;
  fclose(maps);
  return found;
}

int main(int argc, char** argv) {
  CHECK(IsExpectedMalloc());
  CHECK(argc == 2);
  CHECK(!IsMapped("libstdc++") && !IsMapped("libgcc_s"));
  free(OPAQUE(malloc)(100));

  void* const plug_in = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (plug_in == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(plug_in != NULL);
  CHECK(dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv") == NULL); /* only the plug-in sees the runtime */
  int (*const catches)(void) = (int (*)(void))dlsym(plug_in, "CatchesBadAlloc");
  CHECK(catches != NULL && catches() == 1);
  int (*const is_null)(void) = (int (*)(void))dlsym(plug_in, "NothrowIsNull");
  CHECK(is_null != NULL && is_null() == 1);
  return 0;
}
