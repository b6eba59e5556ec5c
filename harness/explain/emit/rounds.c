
/* ---- The case over and over: what is freed and yet lost, or remembered wrongly, adds up. ---- */

static void round_once(void) {
  for (int type = 0; type <= ANY; ++type) counts[type] = 0; /* every round is refused what the first one was */
  RUN;
  doing = "free of all that is left", promise_now = CALL_RETURNS, is_counting = 1;
  for (int i = 1; i <= STEPS; ++i) {
    if (blocks[i].at != NULL) free_block(&blocks[i]);
    blocks[i].at = NULL;
  }
  is_counting = 0;
}

static void many_rounds(int rounds) {
  size_t early = 0, early_books = 0;
  for (int i = 1; i <= rounds; ++i) {
    round_once();
    if (i == rounds / 10) early = held, early_books = BOOKS;
  }
  doing = "everything, freed and done again many times";
  if (held > early + 65536)
    BROKEN("H12", ("what is held of the kernel stops growing"), "%zu bytes after %d rounds, %zu after %d", early,
           rounds / 10, held, rounds);
  size_t books = BOOKS;
  if (books > early_books + 65536 || early_books > books + 65536)
    BROKEN("H10", ("what mallinfo2 calls in use stays the same when all is freed"), "%zu bytes after %d rounds, %zu after %d",
           early_books, rounds / 10, books, rounds);
}
