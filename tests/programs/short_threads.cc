// Thousands of threads that live for a moment: each allocates, frees what an earlier one left, leaves blocks to a later
// one, and ends. Prints a checksum of what was found in the blocks, which does not depend on the order of threads.
#include <pthread.h>
#include <stdlib.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

namespace {

constexpr int kAtOnce = 8;
constexpr int kLeft = 1024;  // places where blocks wait for a later thread
std::atomic<unsigned char*> left[kLeft];
std::atomic<std::uint64_t> checksum;

// A block that knows its size and contents.
unsigned char* Make(std::uint32_t size) {
  auto* const block = static_cast<unsigned char*>(malloc(size + 4));
  if (block == nullptr) abort();
  std::memcpy(block, &size, 4);
  std::memset(block + 4, static_cast<int>(size % 251), size);
  return block;
}

void Verify(unsigned char* block) {
  std::uint32_t size;
  std::memcpy(&size, block, 4);
  for (std::uint32_t i = 0; i < size; ++i) {
    if (block[4 + i] != size % 251) {
      std::fprintf(stderr, "a block of %u bytes was changed\n", size);
      abort();
    }
  }
  checksum += size;
  free(block);
}

void* Run(void* argument) {
  const auto number = reinterpret_cast<std::uintptr_t>(argument);
  std::uint32_t draw = static_cast<std::uint32_t>(number) * 2654435761u + 1;
  std::map<int, std::string> table;
  for (int i = 0; i < 30; ++i) {
    draw = draw * 1664525 + 1013904223;
    table[i] = std::string(draw >> 24, 'x');
    const std::uint32_t size = i == 7 ? draw >> 12 & 0x3ffff : draw >> 22;
    if (unsigned char* const old = left[draw >> 8 & (kLeft - 1)].exchange(Make(size))) Verify(old);
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const long count = argc == 2 ? std::atol(argv[1]) : 10000;
  pthread_t threads[kAtOnce];
  for (long i = 0; i < count; ++i) {
    if (i >= kAtOnce) pthread_join(threads[i % kAtOnce], nullptr);
    if (pthread_create(&threads[i % kAtOnce], nullptr, Run, reinterpret_cast<void*>(i)) != 0) return 1;
  }
  for (long i = count < kAtOnce ? 0 : count - kAtOnce; i < count; ++i) pthread_join(threads[i % kAtOnce], nullptr);
  for (auto& place : left) {
    if (unsigned char* const block = place.load()) Verify(block);
  }
  std::printf("%ld threads, checksum %llu\n", count, static_cast<unsigned long long>(checksum.load()));
}
