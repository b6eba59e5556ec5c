// A tiny C program: it keeps a list of short strings and a buffer, then prints its resident memory in KiB, as the
// kernel counts it.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  char* strings[100];
  for (size_t i = 0; i < 100; ++i) {
    strings[i] = malloc(8 + i % 40);
    if (strings[i] == NULL) return 1;
    memset(strings[i], 'a', 8 + i % 40);
  }
  for (size_t i = 0; i < 100; i += 2) free(strings[i]);

  const size_t size = 4096;
  char* text = malloc(size);
  if (text == NULL) return 1;
  const int file = open("/proc/self/smaps_rollup", O_RDONLY);
  const ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
  if (length <= 0) return 1;
  text[length] = '\0';
  const char* rss = strstr(text, "\nRss:");
  if (rss == NULL) return 1;
  rss += strspn(rss + 5, " ") + 5;
  return write(STDOUT_FILENO, rss, strspn(rss, "0123456789")) < 0;
}
