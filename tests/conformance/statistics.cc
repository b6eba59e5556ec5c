// mallinfo, mallinfo2, malloc_trim, malloc_stats and malloc_info: the sums are right and follow what the program does.
// malloc_info goes to stdout, malloc_stats to stderr: statistics_test.sh reads both.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <stdint.h>

#include <initializer_list>

namespace {

void CheckSums() {
  const struct mallinfo2 info = mallinfo2();
  CHECK(info.uordblks + info.fordblks == info.arena);
  CHECK(info.keepcost <= info.fordblks && info.fsmblks <= info.fordblks);
  const struct mallinfo narrow = mallinfo();
  CHECK(static_cast<size_t>(narrow.uordblks) == info.uordblks && static_cast<size_t>(narrow.hblkhd) == info.hblkhd);
}

// A block raises what is in use by its usable size, and free lowers it again.
void CheckFollows() {
  for (const size_t size : {16, 100, 1024, 5000, 100000}) {
    free(OPAQUE(malloc)(size));  // the slab is there
    const size_t before = mallinfo2().uordblks;
    void* const block = OPAQUE(malloc)(size);
    CHECK(mallinfo2().uordblks - before >= size);
    CHECK(mallinfo2().uordblks - before <= malloc_usable_size(block) + 4096);
    CheckSums();
    free(block);
    CHECK(mallinfo2().uordblks == before);
  }
  const struct mallinfo2 before = mallinfo2();
  void* const mapped = OPAQUE(malloc)(50 << 20);
  CHECK(mallinfo2().hblks == before.hblks + 1 && mallinfo2().hblkhd >= before.hblkhd + (50 << 20));
  CHECK(mallinfo2().uordblks == before.uordblks);
  free(mapped);
  CHECK(mallinfo2().hblks == before.hblks && mallinfo2().hblkhd == before.hblkhd);
}

// Memory in the middle and at the top goes back; a second call finds nothing left.
void CheckTrim() {
  constexpr int kBlocks = 200;
  void* blocks[kBlocks];
  CHECK(mallopt(M_TRIM_THRESHOLD, -1) == 1);  // free trims nothing
  for (void*& block : blocks) memset(block = OPAQUE(malloc)(50000), 1, 50000);
  for (int i = 0; i < kBlocks; i += 2) free(blocks[i]);
  CHECK(malloc_trim(0) == 1);
  CHECK(malloc_trim(0) == 0);
  for (int i = 1; i < kBlocks; i += 2) free(blocks[i]);
  const size_t arena = mallinfo2().arena;
  CHECK(malloc_trim(1 << 20) == 1);
  CHECK(mallinfo2().keepcost >= 1 << 20 && mallinfo2().keepcost < (1 << 20) + 8192);
  CHECK(mallinfo2().arena < arena);
  CHECK(malloc_trim(0) == 1);
  CHECK(mallinfo2().keepcost < 8192);
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  CheckSums();
  CheckFollows();
  CheckTrim();
  for (const size_t size : {24, 600, 9000}) {
    for (int i = 0; i < 3; ++i) CHECK(OPAQUE(malloc)(size) != nullptr);  // their slabs have room left
  }
  CHECK(malloc_info(1, stdout) == EINVAL);
  CHECK(malloc_info(0, stdout) == 0);
  const size_t before = mallinfo2().uordblks;
  malloc_stats();
  CHECK(mallinfo2().uordblks == before);
}
