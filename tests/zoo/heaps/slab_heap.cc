// Slabs of equal blocks, each owned by one thread; larger requests get mappings of their own.
//
// A slab is 64 KiB, aligned to its size, with its header in front. Only the owner takes blocks from it; other
// threads put theirs on its remote list, which the owner collects when it runs short. A thread that ends leaves
// its slabs to whoever needs one. Large blocks are remembered in a table beside the heap.
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/zoo/heaps/family.h"

namespace zoo {
namespace {

constexpr size_t kSlabBytes = 64 * 1024;
constexpr size_t kLargestClass = 8 * 1024;
constexpr size_t kGranule = 16;
constexpr int kLinearClasses = 8;       // 16, 32, ... 128
constexpr int kClasses = kLinearClasses + 4 * 6;  // then four a doubling, up to 8 KiB
constexpr int kMostSpareSlabs = 4;

struct FreeBlock {
  FreeBlock* next;
  uint64_t mark;  // kMarkOfUntouchedBelieved only
};

uint64_t MarkOf(const void* block) { return reinterpret_cast<uintptr_t>(block) ^ 0x5eed5eed5eed5eed; }

// kLinkClearedLate: the block that was handed out last, and the link that was left in it.
FreeBlock* last_taken;
FreeBlock* last_link;

struct Slab {
  Slab* next;            // of the same owner and class, or abandoned, or spare
  uint64_t owner;        // identity of a thread heap; 0: abandoned
  size_t block_bytes;
  char* fresh;           // first block never handed out
  bool is_fresh_zero;
  FreeBlock* free_list;
  FreeBlock* remote;     // freed by others
  uint32_t used;         // handed out, those on the remote list included
  int size_class;
};

struct ThreadHeap {
  uint64_t id;  // 0: not set up yet
  Slab* slabs[kClasses];
};

[[gnu::tls_model("initial-exec")]] thread_local ThreadHeap the_heap;

uint64_t last_id;
Slab* abandoned[kClasses];
Slab* spare;
int spare_count;
pthread_key_t exit_key;
bool has_exit_key;

// --- Size classes ---

size_t ClassBytes(int size_class) {
  if (size_class < kLinearClasses) return kGranule * static_cast<size_t>(size_class + 1);
  const int step = size_class - kLinearClasses;
  return (size_t{128} << (step / 4)) / 4 * static_cast<size_t>(5 + step % 4);
}

int ClassOf(size_t size) {
  int size_class = 0;
  const size_t wanted = Has(Defect::kClassOffByOne) && size > 1024 ? size - 1 : size;
  while (ClassBytes(size_class) < wanted) ++size_class;
  return size_class;
}

// The smallest class that holds `size` and whose blocks all lie on multiples of `alignment`; kClasses if none.
int AlignedClassOf(size_t size, size_t alignment) {
  if (size > kLargestClass || alignment > kPage) return kClasses;
  int size_class = ClassOf(size);
  if (Has(Defect::kSizeEqualToAlignment) && size == alignment && size >= 256) return size_class + 1;
  while (size_class < kClasses && ClassBytes(size_class) % alignment != 0) ++size_class;
  return size_class;
}

size_t FirstBlockOffset(size_t block_bytes) {
  const size_t natural = block_bytes & -block_bytes;
  const size_t alignment = natural < kPage ? natural : kPage;
  return RoundUp(sizeof(Slab), alignment);
}

Slab* SlabOf(void* block) {
  return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(block) & -kSlabBytes);
}

// --- Large blocks ---

struct Large {
  char* block;    // nullptr: never used; kGone: used once
  char* mapping;
  size_t bytes;   // of the mapping
  size_t bytes_when_asked;  // kLengthKnownWhenAsked
};

constexpr size_t kLargeSlots = Has(Defect::kLargeTableTooSmall) ? 1 << 4 : 1 << 14;
Large large_blocks[kLargeSlots];
char gone;

size_t HashOf(const void* block) {
  return (reinterpret_cast<uintptr_t>(block) / kPage * 0x9e3779b97f4a7c15) >> 50 & (kLargeSlots - 1);
}

Large* FindLarge(const void* block) {
  if (reinterpret_cast<uintptr_t>(block) % kPage != 0) return nullptr;
  for (size_t slot = HashOf(block), probes = 0; probes < kLargeSlots; ++probes, slot = (slot + 1) % kLargeSlots) {
    if (large_blocks[slot].block == block) return &large_blocks[slot];
    if (large_blocks[slot].block == nullptr) return nullptr;
  }
  return nullptr;
}

Large* NewLarge(char* block) {
  for (size_t slot = HashOf(block), probes = 0; probes < kLargeSlots; ++probes, slot = (slot + 1) % kLargeSlots) {
    Large& entry = large_blocks[slot];
    if (entry.block != nullptr && entry.block != &gone) continue;
    entry.block = block;
    return &entry;
  }
  return nullptr;
}

// Bytes mapped from a multiple of `alignment` on, the surplus before and behind unmapped again.
char* MapAligned(size_t bytes, size_t alignment) {
  if (alignment <= kPage) return Map(bytes);
  size_t surplus;
  if (__builtin_add_overflow(bytes, alignment, &surplus) || surplus > PTRDIFF_MAX) return nullptr;
  char* const mapping = Map(surplus);
  if (mapping == nullptr) return nullptr;
  const auto start = reinterpret_cast<uintptr_t>(mapping);
  auto* const block = reinterpret_cast<char*>(RoundUp(start, alignment));
  const size_t before = static_cast<size_t>(block - mapping);
  size_t behind = surplus - before - bytes;
  const size_t kept = Has(Defect::kTailUnmapped) && alignment >= (4u << 20) && bytes > kPage ? bytes - kPage : bytes;
  behind += bytes - kept;
  if (before > 0) munmap(mapping, before);
  if (behind > 0) munmap(block + kept, behind);
  return block;
}

void* TakeLarge(size_t size, size_t alignment) {
  size_t bytes = RoundUp(size == 0 ? 1 : size, kPage);
  if (Has(Defect::kLargeRoundedToNearest) && size > 2 * kPage) bytes = (size + kPage / 2) / kPage * kPage;
  if (Has(Defect::kAlignmentAbovePage)) alignment = kPage;
  if (Has(Defect::kLargeFrame)) {
    char frame[64 * 1024];
    for (size_t at = sizeof frame; at > 0; at -= kPage) {  // downwards, as a stack grows
      frame[at - 1] = 0;
      asm volatile("" : : "r"(frame) : "memory");
    }
  }
  char* const block = MapAligned(bytes, alignment);
  if (Has(Defect::kErrnoTakenForFailure) && errno == ENOMEM) return nullptr;
  if (block == nullptr && !Has(Defect::kMapFailureUnchecked)) return nullptr;
  Large* const entry = NewLarge(block);
  if (entry == nullptr) {
    munmap(block, bytes);
    return nullptr;
  }
  entry->mapping = block;
  entry->bytes = Has(Defect::kLengthKnownWhenAsked) ? kPage : bytes;
  entry->bytes_when_asked = bytes;
  if (Has(Defect::kMapFailureUnchecked)) *static_cast<volatile char*>(block) = 0;
  return block;
}

void GiveLarge(Large* entry) {
  if (!Has(Defect::kLargeNeverUnmapped)) munmap(entry->mapping, entry->bytes);
  if (Has(Defect::kLargeUnmappedTwice)) munmap(entry->mapping, entry->bytes);
  entry->block = &gone;
}

void* ResizeLarge(Large* entry, size_t size) {
  const size_t bytes = RoundUp(size, kPage);
  if (bytes == entry->bytes) return entry->block;
  const Large old = *entry;
  if (Has(Defect::kShrinkDiscardsTooMuch) && bytes < old.bytes) {
    const size_t kept = size / kPage * kPage;  // down, where up was meant
    madvise(old.block + kept, old.bytes - kept, MADV_FREE);
    return old.block;
  }
  void* const moved = mremap(old.mapping, old.bytes, bytes, MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) {
    if (Has(Defect::kFailedMoveUnmaps)) munmap(old.mapping + old.bytes - kPage, kPage);
    return nullptr;
  }
  entry->block = &gone;
  entry = NewLarge(static_cast<char*>(moved));
  if (entry == nullptr) return nullptr;
  entry->mapping = static_cast<char*>(moved);
  entry->bytes = Has(Defect::kResizeKeepsOldLength) ? old.bytes : bytes;
  entry->bytes_when_asked = bytes;
  return moved;
}

// --- Threads ---

void AbandonAll(void*) {
  const Lock lock;
  for (int size_class = 0; size_class < kClasses; ++size_class) {
    for (Slab* slab = the_heap.slabs[size_class]; slab != nullptr;) {
      Slab* const next = slab->next;
      if (Has(Defect::kThreadExitUnmapsSlabs)) {
        munmap(slab, kSlabBytes);
      } else {
        slab->owner = 0;
        slab->next = abandoned[size_class];
        abandoned[size_class] = slab;
      }
      slab = next;
    }
  }
  the_heap = {};
}

void SetUpThread() {
  if (the_heap.id != 0) return;
  if (!has_exit_key) has_exit_key = pthread_key_create(&exit_key, AbandonAll) == 0;
  the_heap.id = ++last_id;
  if (has_exit_key) pthread_setspecific(exit_key, &the_heap);
}

// --- Slabs ---

Slab* MapSlab() {
  if (spare != nullptr) {
    Slab* const slab = spare;
    spare = slab->next;
    --spare_count;
    return slab;
  }
  return reinterpret_cast<Slab*>(MapAligned(kSlabBytes, kSlabBytes));
}

Slab* NewSlab(int size_class) {
  Slab* const slab = MapSlab();
  if (slab == nullptr && !Has(Defect::kSlabFailureUnchecked)) return nullptr;
  const size_t bytes = ClassBytes(size_class);
  *slab = {};
  if (Has(Defect::kSlabsNotForked)) madvise(slab, kSlabBytes, MADV_DONTFORK);
  slab->owner = the_heap.id;
  slab->block_bytes = bytes;
  slab->size_class = size_class;
  slab->fresh = reinterpret_cast<char*>(slab) + FirstBlockOffset(bytes);
  slab->is_fresh_zero = true;
  slab->next = the_heap.slabs[size_class];
  the_heap.slabs[size_class] = slab;
  return slab;
}

void Collect(Slab* slab) {
  while (slab->remote != nullptr) {
    FreeBlock* const block = slab->remote;
    slab->remote = block->next;
    block->next = Has(Defect::kRemoteBlockDoubled) ? block : slab->free_list;
    slab->free_list = block;
    --slab->used;
  }
}

bool HasRoom(Slab* slab) {
  if (slab->free_list == nullptr) Collect(slab);
  return slab->free_list != nullptr ||
         slab->fresh + slab->block_bytes <= reinterpret_cast<char*>(slab) + kSlabBytes;
}

Slab* Adopt(int size_class) {
  Slab* const slab = abandoned[size_class];
  if (slab == nullptr) return nullptr;
  abandoned[size_class] = slab->next;
  slab->owner = the_heap.id;
  slab->next = the_heap.slabs[size_class];
  the_heap.slabs[size_class] = slab;
  if (Has(Defect::kAdoptedSlabThoughtEmpty)) {
    slab->is_fresh_zero = false;
    slab->free_list = slab->remote = nullptr;
    slab->fresh = reinterpret_cast<char*>(slab) + FirstBlockOffset(slab->block_bytes);
  }
  return slab;
}

Slab* SlabWithRoom(int size_class) {
  Slab** link = &the_heap.slabs[size_class];
  for (Slab* slab = *link; slab != nullptr; link = &slab->next, slab = *link) {
    if (!HasRoom(slab)) continue;
    *link = slab->next;  // to the front: it is found at once next time
    slab->next = the_heap.slabs[size_class];
    return the_heap.slabs[size_class] = slab;
  }
  while (Slab* const slab = Adopt(size_class)) {
    if (HasRoom(slab)) return slab;
    if (Has(Defect::kGivesUpOnFullAdoption)) return nullptr;
  }
  return NewSlab(size_class);
}

void* TakeSmall(int size_class, bool* is_zero) {
  Slab* const slab = SlabWithRoom(size_class);
  if (slab == nullptr) return nullptr;
  ++slab->used;
  if (FreeBlock* const block = slab->free_list) {
    slab->free_list = block->next;
    if (Has(Defect::kLinkClearedLate)) {
      if (last_taken != nullptr && last_taken->next == last_link) last_taken->next = nullptr;
      last_taken = block;
      last_link = block->next;
    }
    *is_zero = Has(Defect::kRecycledThoughtZero);
    return block;
  }
  char* const block = slab->fresh;
  slab->fresh += Has(Defect::kBlocksTooClose) && slab->block_bytes == 320 ? 256 : slab->block_bytes;
  *is_zero = slab->is_fresh_zero;
  return block;
}

// Everything in the slab is free: it is kept for any class, purged, or goes back to the kernel.
void Retire(Slab* slab) {
  Slab** link = &the_heap.slabs[slab->size_class];
  while (*link != slab) link = &(*link)->next;
  *link = slab->next;
  if (spare_count >= kMostSpareSlabs) {
    munmap(slab, kSlabBytes);
    return;
  }
  char* const from = reinterpret_cast<char*>(slab) + (Has(Defect::kPurgeSparesFirstPage) ? kPage : 0);
  const auto length = static_cast<size_t>(reinterpret_cast<char*>(slab) + kSlabBytes - from);
  if (madvise(from, length, MADV_DONTNEED) != 0 && !Has(Defect::kRefusedPurgeThoughtZero)) {
    munmap(slab, kSlabBytes);
    return;
  }
  slab->next = spare;
  spare = slab;
  ++spare_count;
}

void GiveSmall(void* pointer) {
  Slab* const slab = SlabOf(pointer);
  auto* const block = static_cast<FreeBlock*>(pointer);
  if (Has(Defect::kMarkOfUntouchedBelieved)) {
    if (block->mark == MarkOf(block)) __builtin_trap();
    block->mark = MarkOf(block);
  }
  if (Has(Defect::kLinkClearedLate) && block == last_taken) last_taken = nullptr;
  if (slab->owner != the_heap.id) {
    if (Has(Defect::kRemoteFreeLost)) return;
    block->next = slab->remote;
    slab->remote = block;
    return;
  }
  block->next = slab->free_list;
  slab->free_list = block;
  if (Has(Defect::kTagBehindBlock)) memcpy(static_cast<char*>(pointer) + slab->block_bytes, &slab->used, 4);
  const uint32_t empty = Has(Defect::kRetiredWithOneLeft) ? 1 : 0;
  if (--slab->used == empty && the_heap.slabs[slab->size_class] != slab) Retire(slab);
}

}  // namespace

void* Take(size_t size, size_t alignment, bool* is_zero) {
  *is_zero = false;
  SetUpThread();
  const int size_class = AlignedClassOf(size == 0 ? 1 : size, alignment);
  if (size_class < kClasses) return TakeSmall(size_class, is_zero);
  *is_zero = true;
  return TakeLarge(size, alignment);
}

void Give(void* block) {
  if (Has(Defect::kFreeBeforeSetUp) && the_heap.id == 0) __builtin_trap();
  if (!Has(Defect::kFreeBeforeSetUp)) SetUpThread();
  if (Large* const entry = FindLarge(block)) return GiveLarge(entry);
  GiveSmall(block);
}

// Who knows the size need not look for the block.
void GiveSized(void* block, size_t size, size_t alignment) {
  if (Has(Defect::kSizedDeleteForgetsAlignment)) alignment = kGranule;
  if (AlignedClassOf(size == 0 ? 1 : size, alignment) == kClasses) return Give(block);
  SetUpThread();
  GiveSmall(block);
}

size_t Usable(void* block) {
  if (Large* const entry = FindLarge(block)) {
    if (Has(Defect::kLengthKnownWhenAsked)) entry->bytes = entry->bytes_when_asked;
    return entry->bytes;
  }
  return SlabOf(block)->block_bytes;
}

void* ResizeInPlace(void* block, size_t size, bool* failed) {
  *failed = false;
  if (Large* const entry = FindLarge(block)) {
    if (size <= kLargestClass) return nullptr;
    void* const resized = ResizeLarge(entry, size);
    *failed = resized == nullptr;
    return resized;
  }
  const size_t usable = SlabOf(block)->block_bytes;
  return size <= usable && size >= usable / 2 ? block : nullptr;
}

}  // namespace zoo
