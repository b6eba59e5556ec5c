/* ---- What the allocator says of itself, beside what the program holds; and what follows when it is wrong inside. ---- */

/* A block with a mapping of its own is usable to the mapping's end. */
static const volatile struct map *own_map_of(const struct block *block) {
  const char *end = (const char *)block->at + block->reported;
  for (const volatile struct map *m = maps; m < maps + sizeof maps / sizeof *maps; ++m)
    if (m->at != NULL && end == m->at + m->length && (const char *)block->at >= m->at) return m;
  return NULL;
}

/* By mallinfo2: the blocks in use are all there, and its sums are right. */
static void look_inside(void) {
  struct { size_t blocks, mappings, mapped; } mine = {0, 0, 0};
  is_counting = 0;
  promise_now = "mallinfo2 returns";
  struct mallinfo2 books = mallinfo2();
  for (int i = 1; i <= STEPS; ++i) {
    const struct block *block = &blocks[i];
    const volatile struct map *map = block->at == NULL ? NULL : own_map_of(block);
    if (map != NULL) mine.mapped += map->length, ++mine.mappings;
    else if (block->at != NULL) mine.blocks += block->reported;
  }
  if (books.uordblks + books.fordblks != books.arena)
    BROKEN("H10", ("mallinfo2: uordblks and fordblks are all of arena, %zu bytes", (size_t)books.arena), "%zu and %zu",
           (size_t)books.uordblks, (size_t)books.fordblks);
  if (books.uordblks < mine.blocks)
    BROKEN("H10", ("mallinfo2: at least %zu bytes are in use, as the program holds them", mine.blocks), "uordblks is %zu",
           (size_t)books.uordblks);
  if (books.hblks != mine.mappings || books.hblkhd != mine.mapped)
    BROKEN("H10", ("mallinfo2: %zu blocks have mappings of their own, of %zu bytes", mine.mappings, mine.mapped),
           "hblks is %zu, hblkhd %zu", (size_t)books.hblks, (size_t)books.hblkhd);
}

static const size_t sizes[] = {SIZES 16};
static unsigned char *many[2048];

static void *allocate(size_t size) {
  unsigned long refused_before = refused_calls;
  promise_now = CALL_RETURNS;
  void *block = malloc(size);
  if (block == NULL && refused_calls == refused_before) BROKEN("H14", ("malloc(%zu) succeeds, as the kernel refused nothing", size), "failed");
  promise_now = "the payload can be read and written";
  return block;
}

/* Many blocks of the sizes that the case asks for: bad lists hand memory out twice, or have none. */
static void fill_and_empty(size_t size) {
  size_t count = size > 128 ? 262144 / size + 4 : 2048;
  doing = "a row of blocks of the sizes above, afterwards";
  for (size_t i = 0; i < count; ++i)
    if ((many[i] = allocate(size)) != NULL) memset(many[i], (int)(i % 251) + 1, size);
  for (size_t i = 0; i < count; ++i)
    for (size_t at = 0; many[i] != NULL && at < size; ++at)
      if (many[i][at] != i % 251 + 1)
        BROKEN("H4", ("byte %zu of block %zu of %zu bytes is 0x%02x", at, i + 1, size, (unsigned)(i % 251) + 1), "0x%02x", many[i][at]);
  promise_now = CALL_RETURNS;
  for (size_t step = 0; step < 2; ++step)
    for (size_t i = step; i < count; i += 2) free(many[i]);
}

/* Neighbours that are free together serve what is larger than each. The last thing of all: it sets an option. */
static void free_neighbours(void) {
  enum { COUNT = 24, SIZE = 40000, ALL = COUNT * SIZE, MOST = 900000 };
  static unsigned char *soak[16];
  doing = "24 neighbours of 40000 bytes freed, and one block of 900000 instead";
  is_counting = 1;
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  for (int i = 0; i < 16; ++i) soak[i] = allocate(SIZE); /* in whatever was free before */
  void *volatile whole = allocate(ALL);
  unsigned char *above = allocate(SIZE), *low = above; /* or else it is at the top, and goes back */
  free(whole);
  for (int i = 0; i < COUNT; ++i) many[i] = allocate(SIZE), low = many[i] < low ? many[i] : low;
  for (int i = 0; i < COUNT; ++i) free(many[i]);
  size_t before = held;
  void *volatile most = allocate(MOST);
  if (held > before && (size_t)(above - low) < (COUNT + 1) * (SIZE + PAGE))
    BROKEN("K4", ("the heap does not grow while %d free bytes in one piece serve", ALL), "it grew by %zu bytes", held - before);
  promise_now = CALL_RETURNS;
  free(most);
  for (int i = 0; i < 16; ++i) free(soak[i]);
  free(above);
  is_counting = 0;
}

static void afterwards(void) {
  is_counting = 1;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
    if (sizes[i] <= 1ul << 20) alarm(10), fill_and_empty(sizes[i]);
  is_counting = 0;
}
