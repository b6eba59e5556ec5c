// Touches what the simulated kernel has not mapped, where unmapping hides instead of forbidding.
//
//   stray_access none          does not: what is mapped, also where something was hidden before, is there
//   stray_access lowered       memory above a break that was lowered
//   stray_access unmapped      a mapping that was given back
//   stray_access before        memory of the break before it was bought, which the case before this one had
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "harness/kernel/simulated/simulated_kernel.h"

using namespace breakproof;

namespace {

constexpr std::size_t kLength = 8 * model::kPage;

harness::SimulatedKernel kernel({.unmapped = harness::Unmapped::kHidden});
const harness::KernelTable table = kernel.table();

volatile char* Sbrk(std::intptr_t increment) { return static_cast<char*>(table.sbrk(table.context, increment)); }

volatile char* Map() {
  return static_cast<char*>(
      table.mmap(table.context, nullptr, kLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

void Unmap(volatile char* map) { table.munmap(table.context, const_cast<char*>(map), kLength); }

// Every byte is zero, and is written.
bool Use(volatile char* memory) {
  for (std::size_t i = 0; i < kLength; ++i) {
    if (memory[i] != 0) return false;
    memory[i] = 1;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string_view habit = argv[1];
  volatile char* const heap = Sbrk(kLength);
  volatile char* const map = Map();
  bool is_right = Use(heap) && Use(map);
  Sbrk(-static_cast<std::intptr_t>(kLength));
  if (habit == "lowered") heap[1] = heap[0];
  Unmap(map);
  if (habit == "unmapped") map[1] = map[0];
  is_right &= Sbrk(kLength) == heap && Map() == map && Use(heap) && Use(map);
  kernel.Reset();
  if (habit == "before") heap[1] = heap[0];
  is_right &= Sbrk(kLength) == heap && Map() == map && Use(heap) && Use(map);
  if (!is_right) std::fputs("memory that was bought again is not there, or not zero\n", stderr);
  return is_right ? 0 : 1;
}
