// Resident memory of a tiny C program with ours and with glibc's malloc: the median of 41 starts each, in turn.
//
//   bazel run //bench/core:resident
//
// The launcher is as small as the program: what a large parent leaves behind must not count.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kStarts = 41, kMostAbove = 100 };

extern char** environ;

// KiB, or exits.
static int Start(char* program, const char* library) {
  int ends[2];
  if (pipe(ends) != 0) {
    perror("resident: no pipe");
    exit(11);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  char preload[4200];
  snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
  char* arguments[] = {program, NULL};
  char* environment[] = {preload, NULL};
  pid_t child;
  if (posix_spawn(&child, program, &actions, NULL, arguments, environment) != 0) {
    fprintf(stderr, "resident: %s cannot be started\n", program);
    exit(11);
  }
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  char text[32] = {0};
  const ssize_t length = read(ends[0], text, sizeof text - 1);
  close(ends[0]);
  int status;
  waitpid(child, &status, 0);
  if (length <= 0 || status != 0) {
    fprintf(stderr, "resident: %s failed with the library '%s'\n", program, library);
    exit(11);
  }
  return atoi(text);
}

static int Compare(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }

int main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: resident PROGRAM LIBRARY\n", stderr);
    return 11;
  }
  char library[4096];
  if (realpath(argv[2], library) == NULL) {
    fprintf(stderr, "resident: there is no library %s\n", argv[2]);
    return 11;
  }
  int ours[kStarts], glibc[kStarts];
  for (int i = 0; i < kStarts; ++i) {
    ours[i] = Start(argv[1], library);
    glibc[i] = Start(argv[1], "");
  }
  qsort(ours, kStarts, sizeof ours[0], Compare);
  qsort(glibc, kStarts, sizeof glibc[0], Compare);
  const int above = ours[kStarts / 2] - glibc[kStarts / 2];
  printf("resident memory of a tiny C program, median of %d starts: ours %d KiB, glibc %d KiB, %d KiB above (at most %d)\n",
         kStarts, ours[kStarts / 2], glibc[kStarts / 2], above, kMostAbove);
  return above <= kMostAbove ? 0 : 1;
}
