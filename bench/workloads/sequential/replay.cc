// Replays what a real program allocated, over and over; each time ends with everything freed.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/traces/trace_format.h"
#include "bench/workloads/support/block.h"

namespace breakproof::bench {

namespace {

struct Trace {
  const TraceOperation* operations;
  std::uint32_t operation_count;
  std::uint32_t slot_count;
};

Trace MapTrace(const char* path) {
  const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) Fail("cannot open the trace");
  const std::size_t bytes = static_cast<std::size_t>(status.st_size);
  void* const mapped = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  const TraceHeader* const header = static_cast<const TraceHeader*>(mapped);
  if (mapped == MAP_FAILED || bytes < sizeof *header || memcmp(header->magic, kTraceMagic, sizeof kTraceMagic) != 0 ||
      (bytes - sizeof *header) / sizeof(TraceOperation) < header->operation_count) {
    Fail("the trace is damaged; build it again");
  }
  return {reinterpret_cast<const TraceOperation*>(header + 1), header->operation_count, header->slot_count};
}

std::uint64_t Allocate(const TraceOperation& operation, std::uint64_t tag, Sized* place) {
  std::uint64_t old = 0;
  void* block = nullptr;
  switch (operation.kind) {
    case TraceKind::kMalloc:
      block = std::malloc(operation.size);
      break;
    case TraceKind::kCalloc:
      block = std::calloc(1, operation.size);
      break;
    case TraceKind::kAligned:
      block = std::aligned_alloc(std::size_t{1} << operation.alignment_log2, operation.size);
      break;
    case TraceKind::kRealloc:
      if (place->block != nullptr) old = Read(place->block, place->size < 1 ? 0 : 1);
      block = std::realloc(place->block, operation.size);
      break;
    case TraceKind::kFree:
      break;
  }
  place->block = NotNull(block);
  place->size = operation.size;
  if (place->size != 0) Fill(place->block, place->size, tag);
  return old;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  const Trace trace = MapTrace(parameters.file);
  Sized* const table = NewTable<Sized>(trace.slot_count);
  std::uint64_t sum = 0;
  std::uint64_t tag = parameters.seed;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    for (std::uint32_t j = 0; j < trace.operation_count; ++j) {
      const TraceOperation& operation = trace.operations[j];
      Sized& place = table[operation.slot];
      if (operation.kind == TraceKind::kFree) {
        sum += place.Release();
      } else {
        sum += Allocate(operation, ++tag, &place);
      }
    }
    for (std::uint32_t slot = 0; slot < trace.slot_count; ++slot) sum += table[slot].Release();
  }
  return sum;
}

}  // namespace breakproof::bench
