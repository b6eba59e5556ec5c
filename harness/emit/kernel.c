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
static unsigned long counts[ANY + 1], refuse_next[ANY + 1];
static int is_counting;
static size_t held;     /* bytes that the allocator has of the kernel */
static char calls[4000]; /* of this step, as text */

static void note(const char *format, ...) {
  size_t length = strlen(calls);
  va_list arguments;
  va_start(arguments, format);
  if (is_counting) vsnprintf(calls + length, sizeof calls - length, format, arguments);
  va_end(arguments);
}

static int refused(int type) {
  int refuse = 0;
  if (!is_counting) return 0;
  unsigned long of_type = ++counts[type], of_all = ++counts[ANY];
  for (const struct refusal *r = plan; r->call != 0; ++r) {
    unsigned long count = r->type == ANY ? of_all : of_type;
    refuse |= (r->type == ANY || r->type == type) && (count == r->call || (r->onwards && count > r->call));
  }
  for (int i = 0; i < 2; ++i) {
    unsigned long *left = &refuse_next[i == 0 ? type : ANY];
    if (*left == 0) continue;
    refuse = 1;
    if (*left != SIZE_MAX) --*left;
  }
  if (refuse) errno = ENOMEM;
  return refuse;
}

void *sbrk(intptr_t increment) {
  static void *(*of_libc)(intptr_t);
  if (of_libc == NULL) of_libc = (void *(*)(intptr_t))dlsym(RTLD_NEXT, "sbrk");
  if (increment == 0) return of_libc(0);
  int refuse = refused(BRK);
  note("brk %+ld%s; ", (long)increment, refuse ? " refused" : "");
  if (refuse) return (void *)-1;
  if (increment > 0 && is_counting && gap_before_growth != 0) of_libc((intptr_t)gap_before_growth);
  void *old = of_libc(increment);
  if (old != (void *)-1 && is_counting) held += (size_t)increment;
  return old;
}
void *mmap(void *hint, size_t length, int protection, int flags, int descriptor, off_t offset) {
  int refuse = refused(MMAP);
  note("mmap %zu%s; ", length, refuse ? " refused" : "");
  if (refuse) return MAP_FAILED;
  void *map = (void *)syscall(SYS_mmap, hint, length, protection, flags, descriptor, offset);
  if (map != MAP_FAILED && is_counting) held += length;
  return map;
}
int munmap(void *address, size_t length) {
  int refuse = refused(MUNMAP);
  note("munmap %zu%s; ", length, refuse ? " refused" : "");
  if (refuse) return -1;
  if (is_counting) held -= length;
  return (int)syscall(SYS_munmap, address, length);
}
void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...) {
  int refuse = refused(MREMAP);
  note("mremap %zu %zu%s; ", old_length, new_length, refuse ? " refused" : "");
  if (refuse) return MAP_FAILED;
  void *map = (void *)syscall(SYS_mremap, address, old_length, new_length, flags, NULL);
  if (map != MAP_FAILED && is_counting) held += new_length - old_length;
  return map;
}
int mprotect(void *address, size_t length, int protection) {
  int refuse = refused(MPROTECT);
  note("mprotect %zu%s; ", length, refuse ? " refused" : "");
  return refuse ? -1 : (int)syscall(SYS_mprotect, address, length, protection);
}
int madvise(void *address, size_t length, int advice) {
  int refuse = refused(MADVISE);
  note("madvise %zu%s; ", length, refuse ? " refused" : "");
  return refuse ? -1 : (int)syscall(SYS_madvise, address, length, advice);
}
