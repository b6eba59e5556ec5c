// Containers of std::pmr over the memory resource: of the process's malloc, and of functions that count. Holds for glibc
// too.
#include "tests/conformance/check.h"

#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "allocator/pmr/memory_resource.h"

namespace {

// Stands for a heap under prefixed names: counts, and keeps its blocks apart.
struct Counting {
  static inline int blocks = 0;
  static inline size_t bytes = 0;
  static inline int aligned = 0;
  static void* Allocate(size_t size) {
    if (size > 1 << 20) return nullptr;
    ++blocks;
    bytes += size;
    return malloc(size);
  }
  static void* AllocateAligned(size_t alignment, size_t size) {
    ++aligned;
    bytes += size;
    return aligned_alloc(alignment, size);
  }
  static void Release(void* block, size_t size) {
    --blocks;
    bytes -= size;
    free(block);
  }
  static void ReleaseAligned(void* block, size_t, size_t size) {
    --aligned;
    bytes -= size;
    free(block);
  }
};

struct alignas(512) Wide {
  char bytes[700];
};

void UseContainers(std::pmr::memory_resource* resource) {
  std::pmr::map<int, std::pmr::string> names(resource);
  std::pmr::unordered_map<std::pmr::string, std::pmr::vector<int>> lists(resource);
  std::pmr::list<Wide> wide(resource);
  for (int i = 0; i < 2000; ++i) {
    names[i % 300] += "a name that is longer than the small ones";
    lists[names[i % 300]].assign(static_cast<size_t>(i % 50), i);
    if (i % 20 == 0) wide.emplace_back();
    if (i % 7 == 0) names.erase(i % 299);
    if (i % 11 == 0) lists.clear();
  }
  for (const Wide& object : wide) CHECK(reinterpret_cast<uintptr_t>(&object) % 512 == 0);
  // Moved within equal resources: no copy. Blocks of one are released by the other.
  std::pmr::vector<Wide> first(50, resource);
  const void* const data = first.data();
  const std::pmr::vector<Wide> second(std::move(first), resource);
  CHECK(second.data() == data);
}

void CheckEquality() {
  breakproof::MemoryResource<breakproof::ProcessMalloc> one, other;
  breakproof::MemoryResource<Counting> counting;
  CHECK(one == other && one == *breakproof::DefaultMemoryResource());
  CHECK(one != counting && counting != *std::pmr::new_delete_resource());
  other.deallocate(one.allocate(100, 8), 100, 8);
  other.deallocate(one.allocate(100, 4096), 100, 4096);
}

void CheckFailure() {
  bool is_thrown = false;
  breakproof::MemoryResource<Counting> counting;
  try {
    static_cast<void>(counting.allocate((1 << 20) + 1, 8));
  } catch (const std::bad_alloc&) {
    is_thrown = true;
  }
  CHECK(is_thrown);
  is_thrown = false;
  try {
    std::pmr::vector<char> bytes(size_t{1} << 62, breakproof::DefaultMemoryResource());
    asm volatile("" : : "r"(bytes.data()) : "memory");
  } catch (const std::bad_alloc&) {
    is_thrown = true;
  }
  CHECK(is_thrown);
}

// Only where the malloc looks at sizes.
void CheckWrongSizeIsFatal() {
  if (free_sized == nullptr) return;
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    std::pmr::memory_resource* const resource = breakproof::DefaultMemoryResource();
    resource->deallocate(resource->allocate(100, 8), 1000, 8);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

// Destroyed after everything else of this program.
std::pmr::vector<std::pmr::string> static_strings(breakproof::DefaultMemoryResource());

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  static_strings.assign(100, std::pmr::string(200, 'x'));
  UseContainers(breakproof::DefaultMemoryResource());
  breakproof::MemoryResource<Counting> counting;
  UseContainers(&counting);
  CHECK(Counting::blocks == 0 && Counting::aligned == 0 && Counting::bytes == 0);
  {
    std::pmr::monotonic_buffer_resource buffer(&counting);
    std::pmr::unsynchronized_pool_resource pool(&counting);
    UseContainers(&buffer);
    UseContainers(&pool);
    CHECK(Counting::bytes > 0);
  }
  CHECK(Counting::blocks == 0 && Counting::aligned == 0 && Counting::bytes == 0);
  CheckEquality();
  CheckFailure();
  CheckWrongSizeIsFatal();
}
