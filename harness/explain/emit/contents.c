
/* ---- Blocks that are not filled with a pattern: what they hold is remembered, byte by byte. ---- */

enum { PATTERN, UNTOUCHED, FIRST_WORD_LEFT, LAST_BYTE, FIRST_HALF, ZERO, HOSTILE };

static unsigned char copies[64ul << 20]; /* of the covered bytes of such blocks */
static size_t copied;

static size_t take_copy(unsigned char *copy, const unsigned char *base, size_t begin, size_t end) {
  size_t n = 0;
  for (size_t at = begin; at < end; at = next_covered(at + 1, begin, end)) copy[n++] = base[at];
  return n;
}

/* As the block is now; 0 if there is no room for it. */
static int remember(struct block *block) {
  if (block->copy == NULL) {
    size_t most = 2 * 65536; /* covered bytes of payload and slack */
    if (most > block->usable) most = block->usable;
    if (copied + most > sizeof copies) return 0;
    block->copy = copies + copied;
    copied += most;
  }
  size_t n = take_copy(block->copy, block->at, 0, block->payload);
  take_copy(block->copy + n, block->at, block->payload, block->usable);
  return 1;
}

/* Words that look like the allocator's own: what it left in the first two words of blocks, moved to other addresses. */
struct word {
  unsigned long address, value;
};
static struct word left[512], seen[2][4];
static unsigned long freed_blocks[4], seen_count[2], freed_count, hostile_words;

static unsigned long word_at(unsigned long address) {
  unsigned long word;
  memcpy(&word, (const void *)address, sizeof word);
  return word;
}
static struct word *left_at(unsigned long address) { return &left[(address >> 3 ^ address >> 12) % 512]; }
static void note_handed_out(const struct block *block) {
  for (size_t i = 0; i < 2 && i * 8 + 8 <= block->usable; ++i) {
    unsigned long address = (unsigned long)block->at + i * 8, word = word_at(address);
    const struct word *mine = left_at(address);
    if (word == 0 || (mine->address == address && mine->value == word)) continue;
    unsigned long position = address / 8 % 2;
    seen[position][seen_count[position]++ % 4] = (struct word){address, word};
  }
}
static __attribute__((unused)) void note_freed(const struct block *block) {
  if (block == NULL) return;
  for (size_t i = 0; i < 2 && i * 8 + 8 <= block->usable; ++i) {
    unsigned long address = (unsigned long)block->at + i * 8;
    *left_at(address) = (struct word){address, word_at(address)};
  }
  freed_blocks[freed_count++ % 4] = (unsigned long)block->at;
}
static unsigned long hostile_word(unsigned long address, unsigned long n) {
  const struct word *from = &seen[address / 8 % 2][n / 4 % 4];
  if (n % 4 < 2 && from->value != 0) return from->value ^ from->address ^ address;
  if (n % 4 == 2) return from->value;
  return n / 4 % 2 == 0 ? freed_blocks[n / 8 % 4] : address;
}
static void write_hostile(struct block *block) {
  for (size_t at = 0; at + 8 <= block->payload; at += 8) {
    size_t covered = next_covered(at, 0, block->payload);
    if (covered > at) at = (covered + 7) / 8 * 8;
    if (at + 8 > block->payload) break;
    unsigned long word = hostile_word((unsigned long)block->at + at, hostile_words++);
    memcpy(block->at + at, &word, sizeof word);
  }
}

static __attribute__((noinline)) void put(struct block *block, int content) {
  promise_now = "the payload can be read and written";
  if (content == PATTERN || !remember(block)) {
    block->copy = NULL;
    fill(block);
    return;
  }
  size_t payload = block->payload;
  if (content == FIRST_WORD_LEFT && payload > 8) fill_range(block, 8, payload);
  if (content == LAST_BYTE && payload > 0) block->at[payload - 1] = pattern(seed_of(block->maker), payload - 1);
  if (content == FIRST_HALF) fill_range(block, 0, payload / 2);
  if (content == ZERO)
    for (size_t at = 0; at < payload; at = next_covered(at + 1, 0, payload)) block->at[at] = 0;
  if (content == HOSTILE) write_hostile(block);
  remember(block);
}

static __attribute__((unused)) void write_anew(struct block *block, int content) {
  doing = "a write";
  if (block == NULL) return;
  look_at(block);
  put(block, content);
}

static __attribute__((unused)) void copy_block(struct block *from, struct block *to) {
  doing = "a copy";
  if (from == NULL || to == NULL || from == to) return;
  look_at(from);
  look_at(to);
  if (!remember(to)) return;
  size_t length = from->payload < to->payload ? from->payload : to->payload;
  memcpy(to->at, from->at, length < 65536 ? length : 65536);
  remember(to);
}
