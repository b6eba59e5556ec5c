// The textbook program: read the page size, map ten pages of anonymous memory, use them, give them back.
// Every call can fail, and every failure is reported with the reason. Exit status 0 if all went well.
// An argument asks for another number of pages, so that a refusal can be seen: ten_pages 1000000000000
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int Fail(const char* call) {
  std::fprintf(stderr, "%s: %s\n", call, std::strerror(errno));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t pages = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10;
  errno = 0;
  const long page_size = sysconf(_SC_PAGESIZE);
  if (page_size == -1) return Fail("sysconf");  // errno stays 0 if the value is merely unknown
  const std::size_t length = pages * static_cast<std::size_t>(page_size);

  void* mapped = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return Fail("mmap");  // not nullptr: that could be an address

  auto* bytes = static_cast<unsigned char*>(mapped);
  for (std::size_t i = 0; i < length; ++i) {
    if (bytes[i] != 0) {
      std::fprintf(stderr, "byte %zu of a fresh mapping is not zero\n", i);
      return 1;
    }
  }
  for (std::size_t page = 0; page < pages; ++page)
    std::memset(bytes + page * static_cast<std::size_t>(page_size), static_cast<int>(page + 1),
                static_cast<std::size_t>(page_size));
  unsigned long sum = 0;
  for (std::size_t i = 0; i < length; ++i) sum += bytes[i];
  std::printf("%zu pages of %ld bytes, sum of the bytes %lu\n", pages, page_size, sum);

  if (munmap(mapped, length) == -1) return Fail("munmap");
  return 0;
}
