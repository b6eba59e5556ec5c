// A program linked with the overriding static library has its malloc: functions of libc that allocate use it too.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

// glibc's usable sizes are 8 more than a multiple of 16; ours are size classes.
constexpr std::size_t kSizeOfOurs = 144;

TEST(StaticLibrary, ServesTheProgram) {
  void* const block = malloc(129);
  EXPECT_EQ(malloc_usable_size(block), kSizeOfOurs);
  free(block);
}

TEST(StaticLibrary, ServesLibc) {
  const std::string text(128, 'x');
  char* const copy = strdup(text.c_str());
  EXPECT_EQ(malloc_usable_size(copy), kSizeOfOurs);
  EXPECT_EQ(copy, text);
  free(copy);
}

}  // namespace
