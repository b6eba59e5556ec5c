/* ---- What looks on. Nothing here allocates: the first call of malloc is the case's. ---- */

#define SENTINEL errno_before[current]
#define PAGE 4096ul

struct block {
  unsigned char *at;
  size_t payload;  /* bytes asked for */
  size_t usable;   /* bytes filled, at least payload */
  size_t reported; /* what malloc_usable_size said */
  int unasked;     /* it was not asked */
  int maker;       /* step */
  const char *call;
  unsigned char *copy; /* of its bytes; NULL: they are a pattern */
  int form;         /* of the operator new that made it; 0: none did */
  size_t alignment; /* that it was asked for with */
};

/* What the call owes its caller. */
struct promise {
  size_t payload, alignment;
  int zeroed;               /* calloc */
  int must_fail;            /* no such object can exist */
  int must_succeed;         /* in this case, as the kernel refuses nothing (H14) */
  int may_fail_freely;      /* size 0: NULL is no error */
  int enomem, einval;       /* errors allowed */
  int any_errno;            /* nothing says which */
  int form;                 /* of operator new; 0: none */
  int content;              /* that the program writes into the block */
  int unasked;              /* nobody asks for its usable size */
};

static struct block blocks[STEPS + 1]; /* by the step that made them; at == NULL: not live */
static volatile int current;           /* step */
static const char *volatile doing = "";
static const char *volatile promise_now = "";
static void *volatile result; /* volatile: the compiler must not know what malloc promises */
static volatile int status __attribute__((unused)), error;

static void say(const char *format, ...) {
  char text[600];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof text - 1) length = (int)sizeof text - 1;
  if (write(1, text, (size_t)length) < 0) _exit(2);
}

#define BROKEN(rule, expected, ...)                                             \
  do {                                                                          \
    say("operation %d, %s, breaks " rule "%s\n  expected  ", current, doing,   \
        IS_INSIDE && strcmp(rule, RULE) != 0 ? ", which follows from " RULE : ""); \
    say expected;                                                               \
    say("\n  actual    ");                                                      \
    say(__VA_ARGS__);                                                           \
    say("\n");                                                                  \
    _exit(1);                                                                   \
  } while (0)

static void on_signal(int number) {
  const char *ended = number == SIGALRM ? "does not return"
                    : number == SIGABRT ? "aborted"
                    : number == SIGSEGV ? "crashed with SIGSEGV"
                    : number == SIGBUS  ? "crashed with SIGBUS"
                    : number == SIGILL  ? "crashed with SIGILL"
                    : number == SIGFPE  ? "crashed with SIGFPE"
                                        : "was ended by a signal";
  BROKEN(RULE, ("%s", promise_now), "%s", ended);
}

static void watch_signals(void) {
  static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
  static char stack[65536]; /* an allocator may have used up the other one */
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) sigaction(numbers[i], &action, NULL);
}

/* Every block is filled with a pattern of its own. */
static unsigned long seed_of(int step) {
  unsigned long z = (unsigned long)step * 0x9e3779b97f4a7c15ul;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
  return (z ^ (z >> 31)) | 1;
}
static unsigned char pattern(unsigned long seed, size_t offset) {
  return (unsigned char)((seed + offset / 8 * 0x9e3779b97f4a7c15ul) >> offset % 8 * 8);
}

/* Of large ranges the first page, the last one, and stripes between: the others would only cost page faults. */
static size_t next_covered(size_t at, size_t begin, size_t end) {
  size_t length = end - begin;
  if (length <= 65536 || at < begin + PAGE || at >= end - PAGE) return at;
  size_t step = length <= 131072 ? PAGE : length / 16 / PAGE * PAGE;
  size_t into = (at - begin) % step;
  if (into < 64) return at;
  at += step - into;
  return at < end - PAGE ? at : end - PAGE;
}
static void fill_range(struct block *block, size_t begin, size_t end) {
  unsigned long seed = seed_of(block->maker);
  for (size_t at = begin; at < end; at = next_covered(at + 1, begin, end)) block->at[at] = pattern(seed, at);
}
static void fill(struct block *block) {
  promise_now = "the payload can be read and written";
  fill_range(block, 0, block->payload);
  promise_now = "every usable byte can be written";
  fill_range(block, block->payload, block->usable);
}

/* How a byte of a block should be: kept apart, or by its pattern. */
static unsigned char expected;

/* The first byte of [begin, end) below limit that is not as it should be; end if there is none. */
static size_t first_changed(const unsigned char *base, const struct block *block, const unsigned char *copy, size_t begin,
                            size_t end, size_t limit) {
  unsigned long seed = seed_of(block->maker);
  for (size_t at = begin, n = 0; at < end && at < limit; at = next_covered(at + 1, begin, end), ++n) {
    expected = copy != NULL ? copy[n] : pattern(seed, at);
    if (base[at] != expected) return at;
  }
  return end;
}
static size_t covered_bytes(size_t begin, size_t end) {
  size_t n = 0;
  for (size_t at = begin; at < end; at = next_covered(at + 1, begin, end)) ++n;
  return n;
}

static void look_at(struct block *block) {
  promise_now = "live payloads can be read and written";
  size_t at = first_changed(block->at, block, block->copy, 0, block->payload, block->payload);
  if (at != block->payload)
    BROKEN("H4", ("byte %zu of the block of %s (operation %d) is 0x%02x", at, block->call, block->maker, expected), "0x%02x",
           block->at[at]);
  const unsigned char *copy = block->copy == NULL ? NULL : block->copy + covered_bytes(0, block->payload);
  at = first_changed(block->at, block, copy, block->payload, block->usable, block->usable);
  if (at != block->usable)
    BROKEN("H9", ("byte %zu of the block of %s (operation %d), beyond its payload but usable, is 0x%02x", at,
                  block->call, block->maker, expected), "0x%02x", block->at[at]);
}
#ifdef HAS_CONTENTS
static void put(struct block *block, int content);
static int remember(struct block *block);
static void note_handed_out(const struct block *block);
#endif
static void look_at_all(void) {
  for (int i = 1; i <= STEPS; ++i)
    if (blocks[i].at != NULL) look_at(&blocks[i]);
}

static size_t usable_of(struct block *block) {
#if HAS_USABLE_SIZE
  promise_now = "malloc_usable_size returns";
  return malloc_usable_size(block->at);
#else
  return block->payload;
#endif
}

static __attribute__((unused)) void *at(struct block *block) { return block == NULL ? NULL : block->at; }

/* A call begins: every byte is still as it was. */
static __attribute__((unused)) void begin(const char *call, struct block *argument) {
  doing = call;
  look_at_all();
  if (argument != NULL && HAS_USABLE_SIZE && !argument->unasked) {
    size_t now = usable_of(argument);
    if (now != argument->reported)
      BROKEN("H3", ("the usable size of the block of %s (operation %d) stays %zu", argument->call, argument->maker,
                    argument->reported), "%zu", now);
  }
  promise_now = CALL_RETURNS;
}

static __attribute__((unused)) size_t opaque(size_t number) {
  volatile size_t hidden = number;
  return hidden;
}

/* CALL(malloc(24)): errno around it and the result are kept. */
#define CALL(...) (errno = SENTINEL, result = (void *)(__VA_ARGS__), error = errno)
#define CALL_VOID(...) (errno = SENTINEL, (void)(__VA_ARGS__), error = errno)
#define CALL_STATUS(...) (errno = SENTINEL, result = NULL, status = (__VA_ARGS__), error = status)

static void check_disjoint(const struct block *mine) {
  for (int i = 1; i <= STEPS; ++i) {
    const struct block *other = &blocks[i];
    if (other->at == NULL || other == mine) continue;
    size_t my_extent = mine->payload > 0 ? mine->payload : 1, extent = other->payload > 0 ? other->payload : 1;
    if (mine->at < other->at + extent && other->at < mine->at + my_extent)
      BROKEN("H1", ("a payload disjoint from every live one"), "%p, %zu bytes, overlaps the block of %s (operation %d) at %p, %zu bytes",
             (void *)mine->at, mine->payload, other->call, other->maker, (void *)other->at, other->payload);
    if (mine->at < other->at + other->usable && other->at < mine->at + mine->usable)
      BROKEN("H3", ("a usable size that ends before its neighbour"), "%zu bytes at %p reach into the block of %s (operation %d) at %p",
             mine->usable, (void *)mine->at, other->call, other->maker, (void *)other->at);
  }
}

static void failed(struct block **slot, struct block **argument, struct promise owed) {
  if (owed.may_fail_freely) {
    if (argument != NULL && *argument != NULL) (*argument)->at = NULL, *argument = NULL;
  } else {
    if (owed.must_succeed) BROKEN("H14", ("it succeeds, as the kernel refused nothing"), "failed");
    if (!owed.any_errno && !(error == ENOMEM && owed.enomem) && !(error == EINVAL && owed.einval))
      BROKEN("H6", ("it fails with %s%s%s", owed.enomem ? "ENOMEM" : "", owed.enomem && owed.einval ? " or " : "",
                    owed.einval ? "EINVAL" : ""),
             error == SENTINEL ? "failed and left errno as it was" : "failed with errno %d", error);
    if (argument != NULL && *argument != NULL) {
      struct block *old = *argument;
      size_t where = first_changed(old->at, old, old->copy, 0, old->payload, old->payload);
      if (where != old->payload)
        BROKEN("H7", ("byte %zu of the old block is 0x%02x after the call failed", where, expected), "0x%02x", old->at[where]);
      if (slot == argument) return; /* p = realloc(p, n) that failed keeps p */
    }
  }
  if (slot != NULL) *slot = NULL;
}

/* The call has returned its result for the slot; `argument` is the slot of the block that realloc was given. */
static __attribute__((unused)) void allocated(struct block **slot, struct block **argument, struct promise owed) {
  if (result == NULL) return failed(slot, argument, owed);
  if (owed.must_fail) BROKEN("H8", ("it fails with %s", owed.enomem ? "ENOMEM" : "EINVAL"), "returned %p", result);
  if ((uintptr_t)result % owed.alignment != 0)
    BROKEN("H2", ("it is aligned to %zu", owed.alignment), "%p", result);
  struct block *made = &blocks[current], *old = argument == NULL ? NULL : *argument;
  unsigned char *old_at = old == NULL ? NULL : old->at;
  *made = (struct block){.at = result, .payload = owed.payload, .usable = owed.payload, .maker = current, .call = doing,
                         .form = owed.form, .alignment = owed.alignment};
  made->unasked = owed.unasked;
  made->reported = owed.unasked ? owed.payload : usable_of(made);
  if (made->reported < owed.payload) BROKEN("H3", ("a usable size of at least %zu", owed.payload), "%zu", made->reported);
  if (made->reported - owed.payload <= 64ul << 20) made->usable = made->reported;
  if (old != NULL) old->at = NULL;
  check_disjoint(made);
  promise_now = "the payload can be read and written";
  if (owed.zeroed) {
    for (size_t i = 0; i < owed.payload; i = next_covered(i + 1, 0, owed.payload))
      if (made->at[i] != 0) BROKEN("H5", ("byte %zu is 0x00", i), "0x%02x", made->at[i]);
  } else if (old_at != NULL) {
    size_t where = first_changed(made->at, old, old->copy, 0, old->payload, made->payload);
    if (where != old->payload)
      BROKEN("H4", ("byte %zu of the result is 0x%02x, kept from the block of %s (operation %d)", where, expected,
                    old->call, old->maker), "0x%02x", made->at[where]);
  }
  if (argument != NULL) *argument = NULL;
#ifdef HAS_CONTENTS
  if (old_at == NULL) note_handed_out(made);
  put(made, owed.content);
#else
  fill(made);
#endif
  if (slot != NULL) *slot = made;
}

static __attribute__((unused)) void freed(struct block **argument) {
  if (error != SENTINEL) BROKEN("H6", ("free preserves errno (POSIX.1-2024)"), "free set errno to %d", error);
  if (argument == NULL || *argument == NULL) return;
  (*argument)->at = NULL;
  *argument = NULL;
}

/* What operator new made is for operator delete. */
#ifdef HAS_OPERATORS
static int is_by_new(const struct block *block) { return block != NULL && block->form != 0; }
static void delete_block(int how, struct block *block) {
  if (block == NULL) cxx_delete(how, BY_NEW, NULL, 0, 1);
  else if (block->form != 0) cxx_delete(how, block->form, block->at, block->payload, block->alignment);
  else free(block->at);
}
static __attribute__((unused)) struct block *unless_by_new(struct block *block) { return is_by_new(block) ? NULL : block; }
#else
#define is_by_new(block) 0
#define delete_block(how, block) (void)0
#endif
static __attribute__((unused)) void free_block(struct block *block) {
  if (is_by_new(block)) delete_block(PLAINLY, block);
  else free(at(block));
}

static __attribute__((unused)) void free_all(void) {
  doing = "the end";
  look_at_all();
  doing = "free of all that is left", promise_now = CALL_RETURNS;
  for (int i = 1; i <= STEPS; ++i) {
    if (blocks[i].at != NULL) free_block(&blocks[i]);
    blocks[i].at = NULL;
  }
}

/* C23's, which the library may not have. */
extern void free_sized(void *, size_t) __attribute__((weak));
extern void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));
static __attribute__((unused)) void free_with_size(struct block *block) {
  if (is_by_new(block)) delete_block(PLAINLY, block);
  else if (free_sized != NULL) free_sized(at(block), block == NULL ? 0 : block->payload);
  else free(at(block));
}
static __attribute__((unused)) void free_with_alignment(struct block *block, size_t alignment) {
  if (is_by_new(block)) delete_block(PLAINLY, block);
  else if (free_aligned_sized != NULL) free_aligned_sized(at(block), alignment, block == NULL ? 0 : block->payload);
  else free(at(block));
}

/* Other bytes are written to part of a block and read back. */
static __attribute__((unused)) void touch(struct block *block, size_t offset, size_t length) {
  doing = "a touch";
  if (block == NULL) return;
  look_at(block);
  size_t begin = offset < block->payload ? offset : block->payload;
  size_t rest = block->payload - begin;
  if (length > rest) length = rest;
  if (length > 65536) length = 65536;
  unsigned long seed = seed_of(block->maker);
  volatile unsigned char *bytes = block->at;
  for (size_t i = begin; i < begin + length; ++i) bytes[i] = (unsigned char)~pattern(seed, i);
  for (size_t i = begin; i < begin + length; ++i)
    if (bytes[i] != (unsigned char)~pattern(seed, i))
      BROKEN("H4", ("byte %zu holds what was written", i), "it holds 0x%02x", bytes[i]);
  fill_range(block, begin, begin + length);
#ifdef HAS_CONTENTS
  if (block->copy != NULL) remember(block);
#endif
}

/* A child frees everything, allocates a bit, and must come to its end. */
static __attribute__((unused)) void fork_and_wait(void) {
  doing = "fork", promise_now = "fork returns, and a child that allocates comes to its end";
  pid_t child = fork();
  if (child == 0) {
    look_at_all();
    for (int i = 1; i <= STEPS; ++i) free_block(&blocks[i]);
    static const size_t sizes[] = {1, 24, 100, 1000, 5000, 40000, 300000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
      void *made[20];
      for (int i = 0; i < 20; ++i)
        if ((made[i] = malloc(sizes[s])) != NULL) memset(made[i], i, sizes[s]);
      for (int i = 0; i < 20; ++i) free(made[i]);
    }
    _exit(0);
  }
  int how = 0;
  if (child < 0) return;
  for (int waited = 0; waitpid(child, &how, WNOHANG) == 0; ++waited) {
    if (waited == 500) {
      kill(child, SIGKILL);
      BROKEN(RULE, ("%s", promise_now), "the child does not come to its end");
    }
    usleep(10000);
  }
  if (how != 0) BROKEN(RULE, ("%s", promise_now), "the child ended with status 0x%x", how);
}

/* The program itself moves the break; back only what it took, and only from the top. */
static __attribute__((unused)) void move_break(intptr_t increment) {
  static void *end;
  static intptr_t taken;
  if (increment < 0 && (-increment > taken || sbrk(0) != end)) return;
  void *old = sbrk(increment);
  if (old == (void *)-1) return;
  taken = (old == end ? taken : 0) + increment;
  end = (char *)old + increment;
}

/* Somebody else maps a page, so that the break can grow by so much at most. */
static __attribute__((unused)) void block_break(size_t room) {
  uintptr_t where = ((uintptr_t)sbrk(0) + PAGE - 1) / PAGE * PAGE + room / PAGE * PAGE;
  syscall(SYS_mmap, (void *)where, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0l);
}

/* Where the kernel puts things is drawn at random: the break and the next mapping begin where they did when the
 * case was found, as far as alignment goes. */
static void place(void) {
  const uintptr_t same = 64ul << 20;
  uintptr_t now = (uintptr_t)sbrk(0);
  unsigned char is_resident;
  int is_untouched = mincore((void *)(now - PAGE), PAGE, &is_resident) != 0;
  if (is_untouched) sbrk((intptr_t)((same + PAGE - now % same) % same));
  const size_t look = same + PAGE; /* what is a multiple of a huge page would be aligned */
  void *next = mmap(NULL, look, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (next == MAP_FAILED) return;
  munmap(next, look);
  size_t rest = ((uintptr_t)next + look + PAGE) % same;
  if (rest != 0) mmap(NULL, rest, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}
