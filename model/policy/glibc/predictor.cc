#include "model/policy/glibc/predictor.h"

#include <algorithm>
#include <bit>

namespace breakproof::model::glibc {
namespace {

constexpr std::uint64_t kNull = 0;

std::uint64_t BlockOf(std::optional<std::uint64_t> chunk) { return chunk ? *chunk + kHeaderBytes : kNull; }
std::uint64_t ChunkOf(std::uint64_t block) { return block - kHeaderBytes; }

}  // namespace

std::uint64_t Predictor::Perform(const HeapCall& call) {
  std::uint64_t bytes = 0;
  switch (call.entry) {
    case Entry::kMalloc: return Malloc(call.size);
    case Entry::kCalloc: return Calloc(call.count, call.size);
    case Entry::kRealloc: return Realloc(call.address, call.size);
    case Entry::kReallocarray:
      return __builtin_mul_overflow(call.count, call.size, &bytes) ? kNull : Realloc(call.address, bytes);
    case Entry::kFree:
    case Entry::kFreeSized:  // glibc 2.36 has neither: the harness calls free instead
    case Entry::kFreeAlignedSized: Free(call.address); return kNull;
    case Entry::kMemalign:
    case Entry::kAlignedAlloc: return Aligned(call.alignment, call.size);
    case Entry::kPosixMemalign: return PosixMemalign(call.alignment, call.size);
    case Entry::kValloc: return Aligned(kPage, call.size);
    case Entry::kPvalloc: return Pvalloc(call.size);
    case Entry::kUsableSize: return kNull;
    default: break;
  }
  // glibc has no C++ operators: libstdc++'s call it.
  if (IsDelete(call.entry)) return Free(call.address), kNull;
  if (!Has(call.entry, NewTrait::kAligned)) return Malloc(std::max<std::uint64_t>(call.size, 1));
  const std::uint64_t alignment = std::max<std::uint64_t>(ContractOf(call).alignment, sizeof(void*));
  if (__builtin_add_overflow(std::max<std::uint64_t>(call.size, 1), alignment - 1, &bytes)) return kNull;
  return Aligned(alignment, bytes & -alignment);
}

void Predictor::Set(Option option, std::uint64_t value) {
  heap_.Consolidate();
  context_.thresholds.Set(option, value);
  if (option == Option::kMmapThreshold && value > context_.constants.max_adapted) context_.Exercise(PolicyRule::kP23);
}

bool Predictor::IsLive(std::uint64_t address) const {
  return heap_.Contains(ChunkOf(address)) || heap_.mapped().Contains(ChunkOf(address));
}

std::uint64_t Predictor::UsableSize(std::uint64_t address) const {
  const std::uint64_t chunk = ChunkOf(address);
  if (heap_.mapped().Contains(chunk)) return heap_.mapped().SizeOf(chunk) - kHeaderBytes;
  return heap_.SizeOf(chunk) - kWord;
}

// P1. Tried again by the next call if there is no memory for it.
void Predictor::EnsureCache() {
  if (heap_.cache().is_enabled()) return;
  if (heap_.Allocate(ChunkFor(context_.constants.cache_request))) heap_.cache().Enable();
}

std::uint64_t Predictor::AllocatePastCache(std::uint64_t size) {
  if (size <= kLargest) return BlockOf(heap_.Allocate(ChunkFor(size)));
  context_.Exercise(PolicyRule::kP12);
  return kNull;
}

std::uint64_t Predictor::Malloc(std::uint64_t size) {
  if (size > kLargest) return AllocatePastCache(size);  // fails before the cache is made
  EnsureCache();
  ThreadCache& cache = heap_.cache();
  const std::uint64_t chunk_size = ChunkFor(size);
  if (cache.Holds(chunk_size)) return BlockOf(cache.Take(chunk_size));
  return AllocatePastCache(size);
}

// Never from the thread cache.
std::uint64_t Predictor::Calloc(std::uint64_t count, std::uint64_t size) {
  std::uint64_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > kLargest) return kNull;
  EnsureCache();
  return AllocatePastCache(bytes);
}

void Predictor::Free(std::uint64_t address) {
  if (address == kNull) return;
  const std::uint64_t chunk = ChunkOf(address);
  if (heap_.mapped().Contains(chunk)) {
    heap_.mapped().Free(chunk);
    return;
  }
  EnsureCache();
  heap_.Free(chunk);
}

std::uint64_t Predictor::Realloc(std::uint64_t address, std::uint64_t size) {
  if (address == kNull) return Malloc(size);
  if (size == 0) {
    Free(address);
    return kNull;
  }
  const std::uint64_t chunk = ChunkOf(address);
  const bool is_mapped = heap_.mapped().Contains(chunk);
  if (!is_mapped) EnsureCache();
  if (size > kLargest) return AllocatePastCache(size);
  return is_mapped ? ReallocMapped(chunk, size) : BlockOf(heap_.Resize(chunk, ChunkFor(size)));
}

std::uint64_t Predictor::ReallocMapped(std::uint64_t chunk, std::uint64_t size) {
  const std::uint64_t chunk_size = ChunkFor(size);
  if (const auto resized = heap_.mapped().Resize(chunk, chunk_size)) return BlockOf(*resized);
  if (heap_.mapped().SizeOf(chunk) - kWord >= chunk_size) return BlockOf(chunk);
  const std::uint64_t moved = Malloc(size);
  if (moved != kNull) heap_.mapped().Unmap(chunk);  // P24: not freed as free does it
  return moved;
}

std::uint64_t Predictor::PosixMemalign(std::uint64_t alignment, std::uint64_t size) {
  if (alignment % kWord != 0 || !std::has_single_bit(alignment)) return kNull;
  return Aligned(alignment, size);
}

// Rounds to pages with a mask that leaves the lowest bit standing: 2 bytes become 4097.
std::uint64_t Predictor::Pvalloc(std::uint64_t size) {
  std::uint64_t padded;
  if (__builtin_add_overflow(size, kPage - 1, &padded)) return kNull;
  return Aligned(kPage, padded & ~(kPage - 2));
}

// P33. The thread cache never serves, nor is it made.
std::uint64_t Predictor::Aligned(std::uint64_t alignment, std::uint64_t size) {
  if (alignment <= kGrain) return Malloc(size);
  if (alignment > 1ull << 63) return kNull;
  alignment = std::bit_ceil(alignment < kMinChunk ? kMinChunk : alignment);
  if (size > kLargest) return AllocatePastCache(size);
  const std::uint64_t chunk_size = ChunkFor(size);
  context_.Exercise(PolicyRule::kP33);
  const std::uint64_t block = AllocatePastCache(chunk_size + alignment + kMinChunk);
  if (block == kNull) return kNull;
  const std::uint64_t chunk = ChunkOf(block);
  std::uint64_t start = ChunkOf(RoundUp(block, alignment));
  // What is cut off in front must be a chunk itself.
  if (start != chunk && start - chunk < kMinChunk) start += alignment;
  if (heap_.mapped().Contains(chunk)) {
    heap_.mapped().Shift(chunk, start);
    return BlockOf(start);
  }
  if (start != chunk) heap_.CutFront(chunk, start);
  heap_.CutBack(start, chunk_size, kMinChunk + 1);
  return BlockOf(start);
}

}  // namespace breakproof::model::glibc
