/* ---- The kernel's calls: counted, and refused where the case says so. They reach the allocator because it calls
 * libc by these names and the program comes first; an allocator that makes system calls itself escapes them. ---- */

enum { BRK, MMAP, MUNMAP, MREMAP, MPROTECT, MADVISE, ANY };
struct refusal {
  int type;          /* ANY: calls of all types are counted together */
  unsigned long call; /* from 1 */
  int onwards;
};
static const struct refusal plan[] = {REFUSALS{0, 0, 0}};
static const unsigned long gap_before_growth = GAP_BEFORE_GROWTH;
/* volatile: headers promise the compiler that malloc calls nothing of this file, but here it does. */
static volatile unsigned long counts[ANY + 1], refuse_next[ANY + 1];
static volatile size_t refuse_from[ANY + 1]; /* calls so long; 0: none */
static volatile unsigned long refused_calls;
static volatile int is_counting;
static volatile size_t held; /* bytes that the allocator has of the kernel */
static char calls[4000];     /* of this step, of the types in NOTED, as text */
static volatile struct map {
  char *at;
  size_t length;
} maps[4096]; /* of the allocator; at == NULL: gone */

static void note_map(char *at, size_t length) {
  for (volatile struct map *m = maps; m < maps + sizeof maps / sizeof *maps; ++m) {
    if (m->at != NULL) continue;
    m->at = at, m->length = length;
    return;
  }
}
static void forget_map(const char *at) {
  for (volatile struct map *m = maps; m < maps + sizeof maps / sizeof *maps; ++m)
    if (m->at == at) m->at = NULL;
}

static void note(int type, const char *format, ...) {
  size_t length = strlen(calls);
  va_list arguments;
  va_start(arguments, format);
  if (is_counting && (NOTED >> type & 1) != 0) vsnprintf(calls + length, sizeof calls - length, format, arguments);
  va_end(arguments);
}

static int refused(int type, size_t length) {
  int refuse = refuse_from[type] != 0 && length >= refuse_from[type];
  if (!is_counting) return 0;
  unsigned long of_type = ++counts[type], of_all = ++counts[ANY];
  for (const struct refusal *r = plan; r->call != 0; ++r) {
    unsigned long count = r->type == ANY ? of_all : of_type;
    refuse |= (r->type == ANY || r->type == type) && (count == r->call || (r->onwards && count > r->call));
  }
  for (int i = 0; i < 2; ++i) {
    volatile unsigned long *left = &refuse_next[i == 0 ? type : ANY];
    if (*left == 0) continue;
    refuse = 1;
    if (*left != SIZE_MAX) --*left;
  }
  if (refuse) errno = ENOMEM, ++refused_calls;
  return refuse;
}

void *sbrk(intptr_t increment) {
  static void *(*of_libc)(intptr_t);
  if (of_libc == NULL) of_libc = (void *(*)(intptr_t))dlsym(RTLD_NEXT, "sbrk");
  if (increment == 0) return of_libc(0);
  int refuse = refused(BRK, increment > 0 ? (size_t)increment : 0);
  if (!refuse && increment > 0 && is_counting && gap_before_growth != 0) of_libc((intptr_t)gap_before_growth);
  void *old = refuse ? (void *)-1 : of_libc(increment);
  note(BRK, "brk %+ld%s; ", (long)increment, old == (void *)-1 ? " refused" : "");
  if (old != (void *)-1 && is_counting) held += (size_t)increment;
  return old;
}
void *mmap(void *hint, size_t length, int protection, int flags, int descriptor, off_t offset) {
  void *map = refused(MMAP, length) ? MAP_FAILED
                                    : (void *)syscall(SYS_mmap, hint, length, protection, flags, descriptor, offset);
  note(MMAP, "mmap %zu%s; ", length, map == MAP_FAILED ? " refused" : "");
  if (map != MAP_FAILED && is_counting) held += length, note_map(map, length);
  return map;
}
int munmap(void *address, size_t length) {
  int failed = refused(MUNMAP, length) ? -1 : (int)syscall(SYS_munmap, address, length);
  note(MUNMAP, "munmap %zu%s; ", length, failed != 0 ? " refused" : "");
  if (failed == 0 && is_counting) held -= length, forget_map(address);
  return failed;
}
void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...) {
  void *map = refused(MREMAP, new_length) ? MAP_FAILED
                                          : (void *)syscall(SYS_mremap, address, old_length, new_length, flags, NULL);
  note(MREMAP, "mremap %zu %zu%s; ", old_length, new_length, map == MAP_FAILED ? " refused" : "");
  if (map != MAP_FAILED && is_counting) held += new_length - old_length, forget_map(address), note_map(map, new_length);
  return map;
}
int mprotect(void *address, size_t length, int protection) {
  int failed = refused(MPROTECT, length) ? -1 : (int)syscall(SYS_mprotect, address, length, protection);
  note(MPROTECT, "mprotect %zu%s; ", length, failed != 0 ? " refused" : "");
  return failed;
}
int madvise(void *address, size_t length, int advice) {
  int failed = refused(MADVISE, length) ? -1 : (int)syscall(SYS_madvise, address, length, advice);
  note(MADVISE, "madvise %zu%s; ", length, failed != 0 ? " refused" : "");
  return failed;
}
