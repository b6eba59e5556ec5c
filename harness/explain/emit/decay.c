/* ---- What has been free for long goes back to the kernel. ---- */

static size_t resident_of(const unsigned char *at, size_t length) {
  uintptr_t begin = ((uintptr_t)at + PAGE - 1) / PAGE * PAGE, end = ((uintptr_t)at + length) / PAGE * PAGE;
  static unsigned char is_in[64];
  size_t bytes = 0;
  if (mincore((void *)begin, end - begin, is_in) != 0) return 0; /* unmapped: gone altogether */
  for (size_t i = 0; i < (end - begin) / PAGE; ++i) bytes += is_in[i] & 1 ? PAGE : 0;
  return bytes;
}

static void check_decay(void) {
  enum { COUNT = 64, SIZE = 40000, ABOVE = 9 };
  static unsigned char *many[COUNT];
  static void *above[ABOVE];
  size_t resident = 0;
  doing = "64 blocks of 40000 bytes below some that stay, freed, and a while", promise_now = CALL_RETURNS;
  for (int i = 0; i < COUNT; ++i)
    if ((many[i] = malloc(SIZE)) != NULL) memset(many[i], 1, SIZE);
  for (int i = 0; i < ABOVE; ++i) above[i] = malloc(SIZE);
  for (int i = 0; i < COUNT; ++i) free(many[i]);
  /* Clocks are read where memory comes and goes. Not beside what is looked at: that would have been free for less. */
  for (int i = 1; i < ABOVE; i += 2) {
    usleep(DECAY * 1000 / 2);
    free(above[i]);
  }
  for (int i = 0; i < COUNT; ++i)
    if (many[i] != NULL) resident += resident_of(many[i], SIZE);
  for (int i = 0; i < ABOVE; i += 2) free(above[i]);
  if (resident > COUNT * SIZE / 2)
    BROKEN("H12", ("what has been free for %d ms is given back", DECAY), "%zu of %d bytes are still resident", resident, COUNT * SIZE);
}
