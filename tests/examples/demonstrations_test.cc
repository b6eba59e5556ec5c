// The classical demonstrations of break and mappings, each with its figures. What needs the break for itself
// runs in a child process, since malloc moves the break too.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <new>

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kBlock = 4096;     // bytes of a large block
constexpr std::size_t kBlocks = 4096;    // 16 MiB of them
constexpr std::size_t kSmallBlock = 32;  // bytes of the block that stays

struct Figures {
  std::size_t break_before = 0;     // bytes the break stands above its start, all blocks live
  std::size_t break_after = 0;      // ... and after all but the small block were freed
  std::size_t resident_before = 0;  // pages of the heap in memory
  std::size_t resident_after = 0;
  bool intact = false;  // the small block kept its bytes
};

std::size_t ResidentPages(char* start, std::size_t length) {
  static unsigned char pages[2 * kBlocks];
  const std::size_t count = (length + kPage - 1) / kPage;
  if (length == 0 || mincore(start, length, pages) != 0) return 0;
  std::size_t resident = 0;
  for (std::size_t i = 0; i < count; ++i) resident += pages[i] & 1;
  return resident;
}

// Runs the demonstration in a child and returns what it measured. The child must not use malloc.
Figures InChild(const std::function<void(Figures&)>& demonstration) {
  void* shared = mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return {};
  auto* figures = new (shared) Figures;
  const pid_t child = fork();
  if (child == 0) {
    demonstration(*figures);
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const Figures result = *figures;
  munmap(shared, sizeof(Figures));
  return result;
}

// The simplest heap: blocks one above the other from the break; the break can sink to the highest live one.
char* AlignedBreak() {
  auto* current = static_cast<char*>(sbrk(0));
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(current) % kPage;
  if (beyond != 0) sbrk(static_cast<std::intptr_t>(kPage - beyond));
  return static_cast<char*>(sbrk(0));
}

void MeasureHeap(char* heap, std::size_t& height, std::size_t& resident) {
  height = static_cast<std::size_t>(static_cast<char*>(sbrk(0)) - heap);
  resident = ResidentPages(heap, height);
}

void SmallBlockOnTop(Figures& figures) {
  char* heap = AlignedBreak();
  auto* large = static_cast<char*>(sbrk(kBlocks * kBlock));
  auto* small = static_cast<char*>(sbrk(kSmallBlock));
  std::memset(large, 1, kBlocks * kBlock);
  std::memset(small, 2, kSmallBlock);
  MeasureHeap(heap, figures.break_before, figures.resident_before);
  // The large blocks are free now. The break can not sink below the small one, so nothing changes.
  MeasureHeap(heap, figures.break_after, figures.resident_after);
  figures.intact = small[0] == 2 && small[kSmallBlock - 1] == 2;
}

void SmallBlockInItsOwnMapping(Figures& figures) {
  char* heap = AlignedBreak();
  auto* large = static_cast<char*>(sbrk(kBlocks * kBlock));
  void* mapped = mmap(nullptr, kSmallBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* small = static_cast<char*>(mapped);
  std::memset(large, 1, kBlocks * kBlock);
  std::memset(small, 2, kSmallBlock);
  MeasureHeap(heap, figures.break_before, figures.resident_before);
  sbrk(-static_cast<std::intptr_t>(kBlocks * kBlock));  // nothing lives above: the break sinks
  MeasureHeap(heap, figures.break_after, figures.resident_after);
  figures.intact = small[0] == 2 && small[kSmallBlock - 1] == 2;
}

void Print(const char* what, const Figures& f) {
  std::printf("%-32s break %zu -> %zu KiB, resident %zu -> %zu pages\n", what, f.break_before / 1024,
              f.break_after / 1024, f.resident_before, f.resident_after);
}

TEST(Demonstration, ASmallBlockAtTheTopHoldsTheBreakUp) {
  const Figures on_top = InChild(SmallBlockOnTop);
  const Figures apart = InChild(SmallBlockInItsOwnMapping);
  Print("32 bytes above 16 MiB freed:", on_top);
  Print("32 bytes in their own mapping:", apart);
  EXPECT_TRUE(on_top.intact);
  EXPECT_EQ(on_top.break_after, on_top.break_before);
  EXPECT_GE(on_top.resident_after, kBlocks);
  EXPECT_TRUE(apart.intact);
  EXPECT_EQ(apart.break_after, 0u);
  EXPECT_EQ(apart.resident_after, 0u);
}

// The way out that leaves the break where it is: the pages below are given back, their addresses kept.
TEST(Demonstration, AHoleBelowALiveBlockCanBePurged) {
  const Figures purged = InChild([](Figures& figures) {
    SmallBlockOnTop(figures);
    auto* top = static_cast<char*>(sbrk(0)) - kSmallBlock;
    char* heap = top - kBlocks * kBlock;
    madvise(heap, kBlocks * kBlock, MADV_DONTNEED);
    MeasureHeap(heap, figures.break_after, figures.resident_after);
    figures.intact = top[0] == 2 && heap[0] == 0;
  });
  Print("the same, purged by madvise:", purged);
  EXPECT_TRUE(purged.intact);
  EXPECT_EQ(purged.break_after, purged.break_before);
  EXPECT_LE(purged.resident_after, 2u);  // the small block's page, and the one just looked at
}

TEST(Demonstration, AFileMappingWritesThrough) {
  const int file = memfd_create("demonstration", 0);
  ASSERT_GE(file, 0);
  ASSERT_EQ(pwrite(file, "written by write", 16, 0), 16);
  auto* shared = static_cast<char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  auto* own = static_cast<char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0));
  ASSERT_NE(shared, MAP_FAILED);
  ASSERT_NE(own, MAP_FAILED);
  own[0] = 'W';  // a copy of its own from here on
  std::memcpy(shared + 11, "store", 5);
  char text[17] = {};
  ASSERT_EQ(pread(file, text, 16, 0), 16);
  std::printf("read: \"%s\", shared mapping: \"%.16s\", private mapping: \"%.16s\"\n", text, shared, own);
  EXPECT_STREQ(text, "written by store");
  EXPECT_EQ(std::memcmp(own, "Written by write", 16), 0);
  munmap(shared, kPage);
  munmap(own, kPage);
  close(file);
}

TEST(Demonstration, MappingsAreIndependent) {
  constexpr std::size_t kLength = 256 * kPage;
  char* mappings[3];
  for (char*& mapping : mappings) {
    mapping = static_cast<char*>(mmap(nullptr, kLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(mapping, MAP_FAILED);
    std::memset(mapping, 1, kLength);
  }
  const std::size_t before =
      ResidentPages(mappings[0], kLength) + ResidentPages(mappings[1], kLength) + ResidentPages(mappings[2], kLength);
  EXPECT_EQ(munmap(mappings[1], kLength), 0);  // the one in the middle: no order is needed
  const std::size_t after = ResidentPages(mappings[0], kLength) + ResidentPages(mappings[2], kLength);
  std::printf("three mappings of %zu pages: %zu resident, %zu after the middle one is gone\n", kLength / kPage, before,
              after);
  EXPECT_EQ(before, 3 * kLength / kPage);
  EXPECT_EQ(after, 2 * kLength / kPage);
  EXPECT_EQ(mappings[0][kLength - 1], 1);
  EXPECT_EQ(mappings[2][0], 1);
  munmap(mappings[0], kLength);
  munmap(mappings[2], kLength);
}

}  // namespace
