// The operators new when there is no memory: the new handler's turn, std::bad_alloc, nullptr from nothrow. Holds for
// libstdc++'s own operators too.
#include "tests/conformance/check.h"

#include <sys/resource.h>

#include <new>
#include <string>
#include <vector>

namespace {

constexpr size_t kTooMuch = size_t{1} << 60;  // of memory, though not of a size: the kernel refuses it
constexpr std::align_val_t kAlign{4096};

int handler_calls;
bool is_short_of_memory;

template <typename Call>
bool ThrowsBadAlloc(Call call) {
  try {
    call();
  } catch (const std::bad_alloc& error) {
    return std::string(error.what()) == "std::bad_alloc";
  }
  return false;
}

using New = void* (*)(size_t);
const New kThrowing[] = {
    [](size_t size) { return ::operator new(size); },
    [](size_t size) { return ::operator new[](size); },
    [](size_t size) { return ::operator new(size, kAlign); },
    [](size_t size) { return ::operator new[](size, kAlign); },
};
const New kNothrow[] = {
    [](size_t size) { return ::operator new(size, std::nothrow); },
    [](size_t size) { return ::operator new[](size, std::nothrow); },
    [](size_t size) { return ::operator new(size, kAlign, std::nothrow); },
    [](size_t size) { return ::operator new[](size, kAlign, std::nothrow); },
};

void CheckWithoutHandler() {
  for (const New allocate : kThrowing) CHECK(ThrowsBadAlloc([=] { allocate(kTooMuch); }));
  for (const New allocate : kNothrow) CHECK(allocate(kTooMuch) == nullptr);
  CHECK(ThrowsBadAlloc([] {
    const std::vector<char> bytes(kTooMuch);
    asm volatile("" : : "r"(bytes.data()) : "memory");  // else there would be no vector
  }));
}

// A handler that gives up after a while: by throwing, as the standard allows.
void CheckHandlerThatThrows() {
  std::set_new_handler([] {
    if (++handler_calls % 3 == 0) throw std::bad_alloc();
  });
  handler_calls = 0;
  for (const New allocate : kThrowing) CHECK(ThrowsBadAlloc([=] { allocate(kTooMuch); }));
  CHECK(handler_calls == 12);
  for (const New allocate : kNothrow) CHECK(allocate(kTooMuch) == nullptr);
  CHECK(handler_calls == 24);
}

void CheckHandlerThatUninstallsItself() {
  for (const New allocate : kThrowing) {
    handler_calls = 0;
    std::set_new_handler([] {
      ++handler_calls;
      std::set_new_handler(nullptr);
    });
    CHECK(ThrowsBadAlloc([=] { allocate(kTooMuch); }));
    CHECK(handler_calls == 1);
  }
}

// A handler that helps: after it, there is memory. The limit stands for memory that somebody gives back.
void CheckHandlerThatHelps() {
  rlimit limit;
  CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
  constexpr size_t kLarge = size_t{1} << 30;
  for (const New* table : {kThrowing, kNothrow}) {
    for (int i = 0; i < 4; ++i) {
      rlimit low = limit;
      low.rlim_cur = 512 << 20;
      CHECK(setrlimit(RLIMIT_AS, &low) == 0);
      is_short_of_memory = true;
      std::set_new_handler([] {
        CHECK(is_short_of_memory);
        rlimit high;
        CHECK(getrlimit(RLIMIT_AS, &high) == 0);
        high.rlim_cur = high.rlim_max;
        CHECK(setrlimit(RLIMIT_AS, &high) == 0);
        is_short_of_memory = false;
      });
      void* const block = table[i](kLarge);
      CHECK(block != nullptr && !is_short_of_memory);
      ::operator delete(block);
    }
  }
  std::set_new_handler(nullptr);
}

void CheckObjects() {
  struct alignas(256) Wide {
    char bytes[300];
  };
  for (int i = 0; i < 100; ++i) {
    Wide* const wide = new Wide;
    CHECK(reinterpret_cast<size_t>(wide) % 256 == 0);
    std::string* const strings = new std::string[10];
    delete[] strings;
    delete wide;
    void* const empty = ::operator new(0);
    void* const other = ::operator new(0);
    CHECK(empty != other);
    ::operator delete(empty);
    ::operator delete(other);
  }
}

}  // namespace

int main() {
  CHECK(IsExpectedMalloc());
  CheckWithoutHandler();
  CheckHandlerThatThrows();
  CheckHandlerThatUninstallsItself();
  CheckHandlerThatHelps();
  CheckObjects();
}
