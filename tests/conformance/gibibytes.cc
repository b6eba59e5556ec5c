// A heap of more than a gibibyte: blocks that lie far apart are freed and taken in turn, by their own thread and another.
// The large ones between them are never touched, so that little of it is resident.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>

namespace {

constexpr size_t kLarge = 16 << 20;
constexpr int kPlaces = 100;  // 1.6 GiB apart in all
constexpr int kBlocks = 60;   // at a place

unsigned char* blocks[kPlaces][kBlocks];
void* large[kPlaces];

// Of many classes. So large that a slab holds the blocks of a few places only.
size_t SizeOf(int index) { return 400 + static_cast<size_t>(index) * 29; }

void Make(int place, int index) {
  unsigned char*& block = blocks[place][index];
  block = static_cast<unsigned char*>(malloc(SizeOf(index)));
  CHECK(block != NULL);
  memset(block, place * 7 + index, SizeOf(index));
}

void CheckAndFree(int place, int index) {
  unsigned char* const block = blocks[place][index];
  const auto byte = static_cast<unsigned char>(place * 7 + index);
  CHECK(block[0] == byte && block[SizeOf(index) - 1] == byte && malloc_usable_size(block) >= SizeOf(index));
  free(block);
  blocks[place][index] = NULL;
}

// The nearest, the farthest, the second nearest, and so on.
int Place(int step) { return step % 2 == 0 ? step / 2 : kPlaces - 1 - step / 2; }

void* FreeOdd(void*) {
  for (int index = 1; index < kBlocks; index += 2) {
    for (int step = 0; step < kPlaces; ++step) CheckAndFree(Place(step), index);
  }
  return NULL;
}

void FillPlaces() {
  for (int place = 0; place < kPlaces; ++place) {
    for (int index = 0; index < kBlocks; ++index) Make(place, index);
    CHECK((large[place] = malloc(kLarge)) != NULL);
  }
}

bool LiesInTwoGibibytes() {
  const uintptr_t first = reinterpret_cast<uintptr_t>(blocks[0][0]);
  const uintptr_t last = reinterpret_cast<uintptr_t>(blocks[kPlaces - 1][kBlocks - 1]);
  return first >> 30 != last >> 30;
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  CHECK(mallopt(M_MMAP_THRESHOLD, 2 * kLarge) == 1);  // all of it from one heap
  FillPlaces();
  CHECK(LiesInTwoGibibytes());

  // Freed and taken anew, far and near in turn.
  for (int round = 0; round < 20; ++round) {
    for (int step = 0; step < kPlaces; ++step) CheckAndFree(Place(step), (round * 3) % kBlocks);
    for (int step = kPlaces; step-- > 0;) Make(Place(step), (round * 3) % kBlocks);
  }

  pthread_t other;
  CHECK(pthread_create(&other, NULL, FreeOdd, NULL) == 0);
  for (int index = 0; index < kBlocks; index += 2) {
    for (int step = 0; step < kPlaces; ++step) CheckAndFree(Place(step), index);
  }
  CHECK(pthread_join(other, NULL) == 0);
  for (void* block : large) free(block);
  return 0;
}
