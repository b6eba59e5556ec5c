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
  enum { COUNT = 64, SIZE = 40000 };
  static unsigned char *many[COUNT];
  size_t resident = 0;
  doing = "64 blocks of 40000 bytes below one that stays, freed, and a while", promise_now = CALL_RETURNS;
  for (int i = 0; i < COUNT; ++i)
    if ((many[i] = malloc(SIZE)) != NULL) memset(many[i], 1, SIZE);
  void *volatile above = malloc(SIZE);
  for (int i = 0; i < COUNT; ++i) free(many[i]);
  for (int i = 0; i < 4; ++i) {
    usleep(DECAY * 1000 + 100000);
    void *volatile other = malloc(SIZE / 2); /* clocks are read where memory comes and goes */
    free(other);
  }
  for (int i = 0; i < COUNT; ++i)
    if (many[i] != NULL) resident += resident_of(many[i], SIZE);
  free(above);
  if (resident > COUNT * SIZE / 2)
    BROKEN("H12", ("what has been free for %d ms is given back", DECAY), "%zu of %d bytes are still resident", resident, COUNT * SIZE);
}
