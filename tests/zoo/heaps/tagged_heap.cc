// One heap on the program break, cut into chunks with a tag in front of each; larger requests, and all while the
// break is refused, get mappings of their own.
//
// A chunk knows its length and, while the chunk below it is free, that one's length: neighbours that are free are
// joined at once. The top, where the heap ends, is on no list; it grows by the break and is trimmed.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/zoo/heaps/family.h"

namespace zoo {
namespace {

constexpr size_t kGranule = 16;
constexpr size_t kSmallestChunk = 32;
constexpr size_t kMapThreshold = 128 * 1024;
constexpr size_t kGrowth = 128 * 1024;
constexpr size_t kTrimThreshold = 256 * 1024;

constexpr size_t kBelowInUse = 1;  // flags, in the low bits of a length
constexpr size_t kMapped = 2;
constexpr size_t kFlags = 15;

struct Chunk {
  size_t below;   // length of the chunk below while that is free; of a mapping: bytes in front of the chunk
  size_t tagged;  // length, tag included, and flags
  // While it is free, in the payload:
  Chunk* next;
  Chunk* previous;

  size_t bytes() const { return tagged & ~kFlags; }
  bool IsBelowInUse() const { return (tagged & kBelowInUse) != 0; }
  bool IsMapped() const { return (tagged & kMapped) != 0; }
};
constexpr size_t kTag = 16;
static_assert(offsetof(Chunk, next) == kTag && sizeof(Chunk) == kSmallestChunk);

Chunk free_list = {0, 0, &free_list, &free_list};
Chunk* top;           // nullptr: no heap yet
char* heap_end;       // where the break was left; the top ends here
char* never_used;     // from here on the top is as the kernel gave it: zero

Chunk* At(void* address) { return static_cast<Chunk*>(address); }
char* StartOf(Chunk* chunk) { return reinterpret_cast<char*>(chunk); }
void* PayloadOf(Chunk* chunk) { return StartOf(chunk) + kTag; }
Chunk* ChunkOf(void* block) { return At(static_cast<char*>(block) - kTag); }
Chunk* Above(Chunk* chunk) { return At(StartOf(chunk) + chunk->bytes()); }
Chunk* Below(Chunk* chunk) { return At(StartOf(chunk) - chunk->below); }

// Every chunk but the top has one above it, whose flag tells whether it is in use.
bool IsInUse(Chunk* chunk) { return Above(chunk)->IsBelowInUse(); }

size_t ChunkBytes(size_t size) {
  const size_t bytes = RoundUp(size + kTag, kGranule);
  return bytes < kSmallestChunk ? kSmallestChunk : bytes;
}

void Link(Chunk* chunk) {
  chunk->next = free_list.next;
  chunk->previous = &free_list;
  chunk->next->previous = chunk;
  free_list.next = chunk;
}

void Unlink(Chunk* chunk) {
  chunk->previous->next = chunk->next;
  chunk->next->previous = chunk->previous;
}

void SetLength(Chunk* chunk, size_t bytes) { chunk->tagged = bytes | (chunk->tagged & kFlags); }

void MarkInUse(Chunk* chunk) { Above(chunk)->tagged |= kBelowInUse; }

void MarkFree(Chunk* chunk) {
  Chunk* const above = Above(chunk);
  above->below = chunk->bytes();
  above->tagged &= ~kBelowInUse;
}

// --- The break ---

// Somebody else moved the break: the heap ends here for good. What is left of the top becomes a free chunk; behind
// it a chunk and a tag that stay in use keep everybody from looking further.
void CloseRegion() {
  const size_t left = top->bytes();
  const size_t rest = left >= 2 * kSmallestChunk ? left - kSmallestChunk : 0;
  Chunk* const fence = At(StartOf(top) + rest);
  fence->tagged = (left - rest - kTag) | kBelowInUse;
  Above(fence)->tagged = kBelowInUse;
  if (rest == 0) return;
  SetLength(top, rest);
  MarkFree(top);
  Link(top);
}

bool GrowTop(size_t bytes) {
  const size_t growth = RoundUp(bytes + 2 * kSmallestChunk, kGrowth);
  void* const start = sbrk(static_cast<intptr_t>(growth));
  // The defect needs a top to grow: without one it would crash on its own tag and never hand a block out.
  const bool is_unchecked = Has(Defect::kBreakFailureUnchecked) && top != nullptr;
  if (start == reinterpret_cast<void*>(-1) && !is_unchecked) return false;
  const bool follows = top != nullptr && (start == heap_end || Has(Defect::kForeignBreakMoveUnnoticed) ||
                                            Has(Defect::kBreakFailureUnchecked));
  if (follows) {
    SetLength(top, top->bytes() + growth);
    heap_end += growth;
    return true;
  }
  if (top != nullptr) CloseRegion();
  heap_end = static_cast<char*>(start) + growth;
  top = At(reinterpret_cast<void*>(RoundUp(reinterpret_cast<uintptr_t>(start), kGranule)));
  top->tagged = (static_cast<size_t>(heap_end - StartOf(top)) & ~kFlags) | kBelowInUse;
  never_used = StartOf(top) + kTag;
  return true;
}

void TrimTop() {
  if (top->bytes() < kTrimThreshold) return;
  size_t surplus = (top->bytes() - kGrowth / 2) / kPage * kPage;
  if (sbrk(0) != heap_end && !Has(Defect::kTrimsForeignMemory)) return;
  if (Has(Defect::kTrimsIntoLiveBlocks)) surplus += kGrowth;
  if (sbrk(-static_cast<intptr_t>(surplus)) == reinterpret_cast<void*>(-1)) return;
  SetLength(top, top->bytes() - surplus);
  heap_end -= surplus;
  // The kernel clears whole pages only.
  char* const cleared_from = reinterpret_cast<char*>(RoundUp(reinterpret_cast<uintptr_t>(heap_end), kPage));
  if (never_used > cleared_from) never_used = cleared_from;
  if (Has(Defect::kTrimmedTopThoughtZero)) never_used = StartOf(top) + kTag;
}

// --- Chunks ---

void Free(Chunk* chunk) {
  if (!chunk->IsBelowInUse()) {
    Chunk* const below = Below(chunk);
    Unlink(below);
    SetLength(below, below->bytes() + chunk->bytes());
    chunk = below;
  }
  Chunk* const above = Above(chunk);
  if (above == top) {
    SetLength(chunk, chunk->bytes() + top->bytes());
    top = chunk;
    TrimTop();
    return;
  }
  if (!IsInUse(above)) {
    Unlink(above);
    SetLength(chunk, chunk->bytes() + above->bytes());
  }
  MarkFree(chunk);
  Link(chunk);
}

// Gives what is beyond `bytes` back to the heap, if it makes a chunk. The chunk is in use.
void CutOff(Chunk* chunk, size_t bytes) {
  const size_t least = Has(Defect::kRestTooSmallForAChunk) ? kGranule : kSmallestChunk;
  if (chunk->bytes() < bytes + least) return;
  const size_t rest = chunk->bytes() - bytes;
  SetLength(chunk, bytes);
  Chunk* const remainder = Above(chunk);
  remainder->tagged = rest | kBelowInUse;
  Above(remainder)->tagged |= kBelowInUse;
  Free(remainder);
}

// First fit. The top serves when nothing else does.
Chunk* TakeChunk(size_t bytes, bool* is_zero) {
  for (Chunk* chunk = free_list.next; chunk != &free_list; chunk = chunk->next) {
    const size_t enough = Has(Defect::kFitOneGranuleShort) ? bytes - kGranule : bytes;
    if (chunk->bytes() < enough) continue;
    Unlink(chunk);
    MarkInUse(chunk);
    CutOff(chunk, bytes);
    return chunk;
  }
  if ((top == nullptr || top->bytes() < bytes + kSmallestChunk) && !GrowTop(bytes)) return nullptr;
  Chunk* const chunk = top;
  const size_t rest = top->bytes() - bytes;
  SetLength(chunk, bytes);
  top = Above(chunk);
  top->tagged = rest | kBelowInUse;
  *is_zero = static_cast<char*>(PayloadOf(chunk)) >= never_used;
  char* const used_up_to = StartOf(top) + kTag;
  if (used_up_to > never_used) never_used = used_up_to;
  return chunk;
}

// --- Mappings ---

void* TakeMapped(size_t size, size_t alignment) {
  size_t bytes;
  if (__builtin_add_overflow(size, alignment + kTag + kPage, &bytes) || bytes > PTRDIFF_MAX) return nullptr;
  bytes = RoundUp(size + (alignment > kTag ? alignment : kTag), kPage);
  char* const mapping = Map(bytes);
  if (mapping == nullptr) return nullptr;
  char* const block = reinterpret_cast<char*>(RoundUp(reinterpret_cast<uintptr_t>(mapping) + kTag, alignment));
  Chunk* const chunk = ChunkOf(block);
  chunk->below = static_cast<size_t>(StartOf(chunk) - mapping);
  chunk->tagged = (bytes - chunk->below) | kMapped | kBelowInUse;
  return block;
}

void GiveMapped(Chunk* chunk) {
  munmap(StartOf(chunk) - chunk->below, chunk->below + chunk->bytes());
}

void* ResizeMapped(Chunk* chunk, size_t size, bool* failed) {
  if (size < kMapThreshold && size < chunk->bytes() / 2) return nullptr;
  const size_t before = chunk->below;
  const size_t old_bytes = before + chunk->bytes();
  const size_t bytes = RoundUp(before + kTag + size, kPage);
  if (bytes == old_bytes) return PayloadOf(chunk);
  void* const moved = mremap(StartOf(chunk) - before, old_bytes, bytes, MREMAP_MAYMOVE);
  if (moved == MAP_FAILED && !Has(Defect::kFailedMoveUnchecked)) {
    *failed = true;
    return nullptr;
  }
  Chunk* const resized = At(static_cast<char*>(moved) + before);
  resized->tagged = (bytes - before) | kMapped | kBelowInUse;
  return PayloadOf(resized);
}

// --- realloc on the heap ---

void* GrowUpwards(Chunk* chunk, size_t bytes) {
  Chunk* const above = Above(chunk);
  if (above == top) {
    if (chunk->bytes() + top->bytes() < bytes + kSmallestChunk) return nullptr;
    const size_t both = chunk->bytes() + top->bytes();
    SetLength(chunk, bytes);
    top = Above(chunk);
    top->tagged = (both - bytes) | kBelowInUse;
    char* const used_up_to = StartOf(top) + kTag;
    if (used_up_to > never_used && !Has(Defect::kGrowthIntoTopForgotten)) never_used = used_up_to;
    return PayloadOf(chunk);
  }
  const bool is_free = !IsInUse(above) || Has(Defect::kGrowsIntoUsedNeighbour);
  if (!is_free || chunk->bytes() + above->bytes() < bytes) return nullptr;
  if (!IsInUse(above)) Unlink(above);
  SetLength(chunk, chunk->bytes() + above->bytes());
  MarkInUse(chunk);
  CutOff(chunk, bytes);
  return PayloadOf(chunk);
}

// Into the free chunk below: the payload moves, and may overlap where it was.
void* GrowDownwards(Chunk* chunk, size_t bytes) {
  if (chunk->IsBelowInUse()) return nullptr;
  Chunk* const below = Below(chunk);
  if (below->bytes() + chunk->bytes() < bytes) return nullptr;
  const size_t payload = chunk->bytes() - kTag;
  void* const from = PayloadOf(chunk);
  Unlink(below);
  SetLength(below, below->bytes() + chunk->bytes());
  if (Has(Defect::kMovesDownBackwards)) {
    for (size_t i = payload; i-- > 0;) static_cast<volatile char*>(PayloadOf(below))[i] = static_cast<char*>(from)[i];
  } else {
    memmove(PayloadOf(below), from, payload);
  }
  MarkInUse(below);
  CutOff(below, bytes);
  return PayloadOf(below);
}

}  // namespace

void* Take(size_t size, size_t alignment, bool* is_zero) {
  *is_zero = false;
  const bool is_large = size >= kMapThreshold || alignment >= kMapThreshold;
  Chunk* chunk = nullptr;
  // An aligned block lies somewhere in a chunk that is large enough to be cut in front of it.
  const size_t surplus = alignment > kGranule ? alignment + kSmallestChunk : 0;
  if (!is_large) chunk = TakeChunk(ChunkBytes(size) + surplus, is_zero);
  if (chunk == nullptr) {
    *is_zero = true;
    return TakeMapped(size, alignment);
  }
  const auto payload = reinterpret_cast<uintptr_t>(PayloadOf(chunk));
  if (payload % alignment != 0) {
    char* const aligned = reinterpret_cast<char*>(RoundUp(payload + kSmallestChunk, alignment));
    Chunk* const behind = ChunkOf(aligned);
    const auto front = static_cast<size_t>(StartOf(behind) - StartOf(chunk));
    behind->tagged = (chunk->bytes() - front) | kBelowInUse;
    SetLength(chunk, front);
    Free(chunk);
    chunk = behind;
  }
  CutOff(chunk, ChunkBytes(size));
  return PayloadOf(chunk);
}

void Give(void* block) {
  Chunk* const chunk = ChunkOf(block);
  if (chunk->IsMapped()) return GiveMapped(chunk);
  Free(chunk);
}

void GiveSized(void* block, size_t, size_t) { Give(block); }

size_t Usable(void* block) {
  Chunk* const chunk = ChunkOf(block);
  if (Has(Defect::kUsableWithFlags)) return chunk->tagged - kTag;
  return chunk->bytes() - kTag;
}

void* ResizeInPlace(void* block, size_t size, bool* failed) {
  *failed = false;
  Chunk* const chunk = ChunkOf(block);
  if (chunk->IsMapped()) return ResizeMapped(chunk, size, failed);
  if (size >= kMapThreshold) return nullptr;
  const size_t bytes = ChunkBytes(size);
  if (bytes <= chunk->bytes()) {
    CutOff(chunk, Has(Defect::kShrinkCutsTag) && bytes > kSmallestChunk ? bytes - kGranule : bytes);
    return block;
  }
  void* const grown = GrowUpwards(chunk, bytes);
  return grown != nullptr ? grown : GrowDownwards(chunk, bytes);
}

}  // namespace zoo
