// mallopt, malloc_trim, mallinfo, mallinfo2, malloc_stats and malloc_info of libbreakproof.so, as glibc declares them.
// What glibc calls an arena is the heap of the process: there is one.
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "allocator/arithmetic/class_table.h"
#include "allocator/base/system_call.h"
#include "allocator/heap/statistics.h"
#include "allocator/heap/trim.h"
#include "allocator/interface/export.h"
#include "allocator/interface/parameters.h"
#include "allocator/interface/perturb.h"
#include "allocator/interface/process.h"

namespace breakproof::allocator {
namespace {

HeapStatistics Statistics() {
  Started();  // the first call of all may be this one
  HeapStatistics statistics{};
  if (process_heap != nullptr) CountHeap(*process_heap, &statistics);
  return statistics;
}

int SetOption(int parameter, int value) {
  Started();
  if (process_heap == nullptr) return 0;
  if (parameter != M_PERTURB) return entry::Mallopt(*process_heap, parameter, value);
  SetPerturb(*process_heap, static_cast<uint8_t>(value));
  ChoosePath();
  return 1;
}

struct Total {
  uint64_t count, bytes;
};

Total AtHand(const HeapStatistics& statistics) {
  Total total{};
  for (uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    total.count += statistics.blocks[size_class].at_hand;
    total.bytes += statistics.blocks[size_class].at_hand * arithmetic::kClassSizes[size_class];
  }
  return total;
}

Total Elsewhere(const HeapStatistics& statistics) {
  Total total{statistics.free_spans, statistics.free_bytes - AtHand(statistics).bytes};
  for (const BlockCount& blocks : statistics.blocks) total.count += blocks.elsewhere;
  return total;
}

// mallinfo with fields wide enough; mallinfo itself cuts them off, as glibc's does.
template <typename Info>
Info InfoOf(const HeapStatistics& statistics) {
  using Field = decltype(Info::arena);
  const Total at_hand = AtHand(statistics);
  Info info{};
  info.arena = static_cast<Field>(statistics.heap_bytes);
  info.ordblks = static_cast<Field>(Elsewhere(statistics).count);
  info.smblks = static_cast<Field>(at_hand.count);
  info.fsmblks = static_cast<Field>(at_hand.bytes);
  info.hblks = static_cast<Field>(statistics.mappings);
  info.hblkhd = static_cast<Field>(statistics.mapping_bytes);
  info.uordblks = static_cast<Field>(statistics.used_bytes());
  info.fordblks = static_cast<Field>(statistics.free_bytes);
  info.keepcost = static_cast<Field>(statistics.top_bytes);
  return info;
}

void WriteSizes(const HeapStatistics& statistics, FILE* file) {
  fputs("<sizes>\n", file);
  uint64_t previous = 0;
  for (uint64_t size_class = 0; size_class < kClasses; ++size_class) {
    const uint64_t size = arithmetic::kClassSizes[size_class];
    const uint64_t count = statistics.blocks[size_class].at_hand + statistics.blocks[size_class].elsewhere;
    if (count != 0) {
      fprintf(file, "  <size from=\"%lu\" to=\"%lu\" total=\"%lu\" count=\"%lu\"/>\n", previous + 1, size, count * size,
              count);
    }
    previous = size;
  }
  fputs("</sizes>\n", file);
}

void WriteTotals(const HeapStatistics& statistics, bool with_mappings, FILE* file) {
  const auto write_total = [file](const char* type, const Total& total) {
    fprintf(file, "<total type=\"%s\" count=\"%lu\" size=\"%lu\"/>\n", type, total.count, total.bytes);
  };
  write_total("fast", AtHand(statistics));
  write_total("rest", Elsewhere(statistics));
  if (with_mappings) write_total("mmap", {statistics.mappings, statistics.mapping_bytes});
  fprintf(file, "<system type=\"current\" size=\"%lu\"/>\n<system type=\"max\" size=\"%lu\"/>\n", statistics.heap_bytes,
          statistics.most_heap_bytes);
  fprintf(file, "<aspace type=\"total\" size=\"%lu\"/>\n<aspace type=\"mprotect\" size=\"%lu\"/>\n",
          statistics.heap_bytes, statistics.heap_bytes);
}

}  // namespace
}  // namespace breakproof::allocator

using namespace breakproof::allocator;  // NOLINT: the whole file is the interface

EXPORT int BREAKPROOF_PREFIX(mallopt)(int parameter, int value) noexcept { return SetOption(parameter, value); }

EXPORT int BREAKPROOF_PREFIX(malloc_trim)(size_t pad) noexcept {
  ThreadHeap& thread = Started();
  return process_heap != nullptr && TrimHeap(*process_heap, thread, pad) ? 1 : 0;
}

EXPORT struct mallinfo2 BREAKPROOF_PREFIX(mallinfo2)() noexcept { return InfoOf<struct mallinfo2>(Statistics()); }

EXPORT struct mallinfo BREAKPROOF_PREFIX(mallinfo)() noexcept { return InfoOf<struct mallinfo>(Statistics()); }

// By write(2): stdio would allocate. By the system call, which is no cancellation point: glibc's function is none.
EXPORT void BREAKPROOF_PREFIX(malloc_stats)() noexcept {
  const HeapStatistics statistics = Statistics();
  const auto in_all = [&](uint64_t heap) { return heap + statistics.mapping_bytes; };
  char text[512];
  const int length = snprintf(text, sizeof text,
                              "Arena 0:\nsystem bytes     = %10lu\nin use bytes     = %10lu\n"
                              "Total (incl. mmap):\nsystem bytes     = %10lu\nin use bytes     = %10lu\n"
                              "max mmap regions = %10lu\nmax mmap bytes   = %10lu\n",
                              statistics.heap_bytes, statistics.used_bytes(), in_all(statistics.heap_bytes),
                              in_all(statistics.used_bytes()), statistics.most_mappings,
                              statistics.most_mapping_bytes);
  SystemCall(SYS_write, STDERR_FILENO, AsArgument(text), length);
}

// malloc_info(3): the error is returned. Counted before anything is written, since stdio may allocate. "fast" are
// blocks that threads have at hand. Not a cancellation point, though stdio has some: its declaration says that nothing
// is thrown, so that a cancellation could not pass through its caller.
EXPORT int BREAKPROOF_PREFIX(malloc_info)(int options, FILE* file) noexcept {
  if (options != 0) return EINVAL;
  const HeapStatistics statistics = Statistics();
  int cancel_state;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  fputs("<malloc version=\"1\">\n<heap nr=\"0\">\n", file);
  WriteSizes(statistics, file);
  WriteTotals(statistics, false, file);
  fputs("</heap>\n", file);
  WriteTotals(statistics, true, file);
  fputs("</malloc>\n", file);
  pthread_setcancelstate(cancel_state, nullptr);
  return 0;
}

#ifndef BREAKPROOF_EMBEDDED
EXPORT int __libc_mallopt(int parameter, int value) noexcept { return SetOption(parameter, value); }
EXPORT struct mallinfo __libc_mallinfo() noexcept { return InfoOf<struct mallinfo>(Statistics()); }
#endif
