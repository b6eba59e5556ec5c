#include "bench/workloads/support/block.h"

#include <sys/mman.h>

namespace breakproof::bench {

void* MapTable(std::size_t bytes) {
  void* const table = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (table == MAP_FAILED) Fail("cannot map a table");
  return table;
}

}  // namespace breakproof::bench
