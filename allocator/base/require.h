// Assertions of the allocator, each saying why.
#pragma once

namespace breakproof::allocator {

// Writes "breakproof: MESSAGE" to stderr and aborts. Allocates nothing.
[[noreturn]] void Die(const char* message);

}  // namespace breakproof::allocator

// Checked unless NDEBUG. The message says what would be broken.
#ifdef NDEBUG
#define BREAKPROOF_REQUIRE(condition, message) ((void)0)
#else
#define BREAKPROOF_REQUIRE(condition, message) \
  (__builtin_expect(!!(condition), 1) ? (void)0 : ::breakproof::allocator::Die(message))
#endif
