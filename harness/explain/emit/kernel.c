/* ---- The kernel's calls: counted, and refused where the case says so. An allocator that calls libc meets the functions
 * below, as the program comes first. One that makes system calls by instruction meets SIGSYS, which leads to the same
 * functions, on Linux 5.11 and later on x86-64; elsewhere it escapes them. ---- */

#include <link.h>
#include <sys/prctl.h>
#include <ucontext.h>

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

/* A system call that is not trapped. */
#if defined(__x86_64__)
__asm__(".text\n"
        "exempt_start:\n"
        "pass_on:\n" /* (number and six arguments) */
        "  movq 0(%rdi), %rax\n  movq 16(%rdi), %rsi\n  movq 24(%rdi), %rdx\n  movq 32(%rdi), %r10\n"
        "  movq 40(%rdi), %r8\n  movq 48(%rdi), %r9\n  movq 8(%rdi), %rdi\n  syscall\n  ret\n"
        "restorer:\n"
        "  movl $15, %eax\n  syscall\n  ud2\n" /* rt_sigreturn */
        "exempt_end:\n");
#define HERE __attribute__((visibility("hidden")))
extern const char exempt_start[] HERE, exempt_end[] HERE;
long pass_on(const long *call) HERE;
void restorer(void) HERE;

static long kernel(long number, long a, long b, long c, long d, long e, long f) {
  long call[] = {number, a, b, c, d, e, f}, returned = pass_on(call);
  if (returned < 0 && returned > -4096) return errno = (int)-returned, -1;
  return returned;
}
#else
#define kernel syscall
#endif

static void *break_of(const char *name, intptr_t increment) {
  static void *(*of_libc)(intptr_t);
  if (of_libc == NULL) of_libc = (void *(*)(intptr_t))dlsym(RTLD_NEXT, name);
  if (increment == 0) return of_libc(0);
  int refuse = refused(BRK, increment > 0 ? (size_t)increment : 0);
  if (!refuse && increment > 0 && is_counting && gap_before_growth != 0) of_libc((intptr_t)gap_before_growth);
  void *old = refuse ? (void *)-1 : of_libc(increment);
  note(BRK, "brk %+ld%s; ", (long)increment, old == (void *)-1 ? " refused" : "");
  if (old != (void *)-1 && is_counting) held += (size_t)increment;
  return old;
}
void *sbrk(intptr_t increment) { return break_of("sbrk", increment); }
void *__sbrk(intptr_t increment) { return break_of("__sbrk", increment); } /* glibc's own name of it */
void *mmap(void *hint, size_t length, int protection, int flags, int descriptor, off_t offset) {
  void *map = refused(MMAP, length) ? MAP_FAILED
                                    : (void *)kernel(SYS_mmap, (long)hint, (long)length, protection, flags, descriptor, offset);
  note(MMAP, "mmap %zu%s; ", length, map == MAP_FAILED ? " refused" : "");
  if (map != MAP_FAILED && is_counting) held += length, note_map(map, length);
  return map;
}
int munmap(void *address, size_t length) {
  int failed = refused(MUNMAP, length) ? -1 : (int)kernel(SYS_munmap, (long)address, (long)length, 0, 0, 0, 0);
  note(MUNMAP, "munmap %zu%s; ", length, failed != 0 ? " refused" : "");
  if (failed == 0 && is_counting) held -= length, forget_map(address);
  return failed;
}
void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...) {
  void *map = refused(MREMAP, new_length) ? MAP_FAILED
                                          : (void *)kernel(SYS_mremap, (long)address, (long)old_length, (long)new_length, flags, 0, 0);
  note(MREMAP, "mremap %zu %zu%s; ", old_length, new_length, map == MAP_FAILED ? " refused" : "");
  if (map != MAP_FAILED && is_counting) held += new_length - old_length, forget_map(address), note_map(map, new_length);
  return map;
}
int mprotect(void *address, size_t length, int protection) {
  int failed = refused(MPROTECT, length) ? -1 : (int)kernel(SYS_mprotect, (long)address, (long)length, protection, 0, 0, 0);
  note(MPROTECT, "mprotect %zu%s; ", length, failed != 0 ? " refused" : "");
  return failed;
}
int madvise(void *address, size_t length, int advice) {
  int failed = refused(MADVISE, length) ? -1 : (int)kernel(SYS_madvise, (long)address, (long)length, advice, 0, 0, 0);
  note(MADVISE, "madvise %zu%s; ", length, failed != 0 ? " refused" : "");
  return failed;
}

#if defined(__x86_64__)

static uintptr_t libc_begin, libc_end; /* whose own calls are no allocator's */

static int find_libc(struct dl_phdr_info *object, size_t size, void *function) {
  uintptr_t begin = object->dlpi_addr, end = begin;
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    uintptr_t segment_end = begin + object->dlpi_phdr[i].p_vaddr + object->dlpi_phdr[i].p_memsz;
    if (object->dlpi_phdr[i].p_type == PT_LOAD && segment_end > end) end = segment_end;
  }
  if ((uintptr_t)function < begin || (uintptr_t)function >= end) return 0;
  libc_begin = begin, libc_end = end;
  return 1;
}

static long as_named(const long *call) {
  void *at = (void *)call[1];
  size_t length = (size_t)call[2];
  switch (call[0]) {
    case SYS_mmap: return (long)mmap(at, length, (int)call[3], (int)call[4], (int)call[5], call[6]);
    case SYS_munmap: return munmap(at, length);
    case SYS_mremap: return (long)mremap(at, length, (size_t)call[3], (int)call[4]);
    case SYS_mprotect: return mprotect(at, length, (int)call[3]);
    default: return madvise(at, length, (int)call[3]);
  }
}

static void on_system_call(int number, siginfo_t *info, void *context) {
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  long call[] = {r[REG_RAX], r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
  uintptr_t from = (uintptr_t)info->si_call_addr;
  int of_memory = call[0] == SYS_mmap || call[0] == SYS_munmap || call[0] == SYS_mremap || call[0] == SYS_mprotect || call[0] == SYS_madvise;
  (void)number;
  if (call[0] == SYS_clone || call[0] == SYS_clone3 || call[0] == SYS_fork || call[0] == SYS_vfork) {
    is_counting = 0, r[REG_RIP] -= 2; /* the child has to begin behind the instruction itself */
    return;
  }
  if (!of_memory || (from >= libc_begin && from < libc_end)) {
    r[REG_RAX] = pass_on(call);
    return;
  }
  int saved_errno = errno;
  long returned = as_named(call);
  r[REG_RAX] = returned == -1 ? -errno : returned;
  errno = saved_errno;
}

/* Of this thread, while is_counting: the kernel reads its first byte before every call. */
static void watch_kernel(void) {
  static __thread int is_watched;
  struct {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
  } action = {on_system_call, SA_SIGINFO | SA_NODEFER | 0x04000000ul, restorer, 0};
  if (is_watched) return;
  is_watched = 1;
  if (libc_end == 0) dl_iterate_phdr(find_libc, dlsym(RTLD_DEFAULT, "getpid"));
  if (syscall(SYS_rt_sigaction, SIGSYS, &action, NULL, 8) != 0) return;
  prctl(59, 1, exempt_start, exempt_end - exempt_start, &is_counting); /* PR_SET_SYSCALL_USER_DISPATCH; may fail */
}
__attribute__((constructor)) static void watch_kernel_at_start(void) { watch_kernel(); }

#else
static void watch_kernel(void) {}
#endif
