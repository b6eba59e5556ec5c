// The operators new when there is no memory: the new handler's turn, std::bad_alloc, nullptr from nothrow. Holds for
// libstdc++'s own operators too, but for sizes that wrap when they are rounded up to an alignment.
#include "tests/conformance/check.h"

#include <stdint.h>
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

// ---- Sizes that no object can have

struct AlignedForm {
  void* (*allocate)(size_t size, std::align_val_t alignment);
  bool throws;
};
constexpr AlignedForm kAlignedForms[] = {
    {[](size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }, true},
    {[](size_t size, std::align_val_t alignment) { return ::operator new[](size, alignment); }, true},
    {[](size_t size, std::align_val_t alignment) { return ::operator new(size, alignment, std::nothrow); }, false},
    {[](size_t size, std::align_val_t alignment) { return ::operator new[](size, alignment, std::nothrow); }, false},
};

// As many as `steps` below `highest`, `step` bytes apart.
template <typename Call>
void ForSizesBelow(size_t highest, size_t step, int steps, Call call) {
  for (int i = 0; i < steps; ++i) call(highest - static_cast<size_t>(i) * step);
}

template <typename Call>
void ForAbsurdSizes(Call call) {
  ForSizesBelow(SIZE_MAX, 1, 70, call);
  ForSizesBelow(SIZE_MAX, 1021, 70, call);
  ForSizesBelow(SIZE_MAX, size_t{1} << 56, 128, call);
  for (size_t size = PTRDIFF_MAX + size_t{1}; size < PTRDIFF_MAX + size_t{20}; ++size) call(size);
}

void CheckAbsurdSizes() {
  ForAbsurdSizes([](size_t size) {
    for (int i = 0; i < 2; ++i) {  // the aligned ones come below
      CHECK(ThrowsBadAlloc([=] { kThrowing[i](size); }));
      CHECK(kNothrow[i](size) == nullptr);
    }
  });
}

// The last are alignments that C++ does not know: whatever they are taken for, there is no such block.
void CheckAbsurdAlignedSizes() {
  constexpr size_t kAlignments[] = {1, 8, 16, 32, 64, 4096, 1 << 21, size_t{1} << 40, size_t{1} << 63,
                                    0, 3, 24, 100, (size_t{1} << 63) + 1, SIZE_MAX};
  for (const size_t value : kAlignments) {
    const std::align_val_t alignment{value};
    ForAbsurdSizes([=](size_t size) {
      for (const AlignedForm& form : kAlignedForms) {
        if (form.throws) {
          CHECK(ThrowsBadAlloc([=] { form.allocate(size, alignment); }));
        } else {
          CHECK(form.allocate(size, alignment) == nullptr);
        }
      }
    });
  }
}

// The new handler has its turn for them too, and decides when it is enough.
void CheckHandlerOfAbsurdSizes() {
  std::set_new_handler([] {
    if (++handler_calls % 3 == 0) throw std::bad_alloc();
  });
  for (const size_t size : {SIZE_MAX, SIZE_MAX - 30, SIZE_MAX - 4094}) {
    for (const AlignedForm& form : kAlignedForms) {
      handler_calls = 0;
      if (form.throws) {
        CHECK(ThrowsBadAlloc([=] { form.allocate(size, std::align_val_t{4096}); }));
      } else {
        CHECK(form.allocate(size, std::align_val_t{4096}) == nullptr);
      }
      CHECK(handler_calls == 3);
    }
  }
  std::set_new_handler(nullptr);
}

// Of an array whose length overflows, the compiler asks for SIZE_MAX bytes.
void CheckOverflowingArrays() {
  struct alignas(64) Wide {
    char bytes[64];
  };
  for (const size_t count : {SIZE_MAX / 64 - 2, SIZE_MAX / 64, SIZE_MAX / 64 + 1, SIZE_MAX / 64 + 2, SIZE_MAX / 2, SIZE_MAX}) {
    volatile size_t opaque_count = count;
    bool throws = false;
    try {
      asm volatile("" : : "r"(new Wide[opaque_count]) : "memory");
    } catch (const std::bad_alloc&) {  // or what is derived from it
      throws = true;
    }
    CHECK(throws);
    Wide* none = new (std::nothrow) Wide[opaque_count];
    asm volatile("" : "+r"(none) : : "memory");  // else there would be no call
    CHECK(none == nullptr);
  }
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
  CheckAbsurdSizes();
  if (getenv("BREAKPROOF_EXPECTED")[0] == '1') {
    CheckAbsurdAlignedSizes();
    CheckHandlerOfAbsurdSizes();
    CheckOverflowingArrays();
  }
  CheckObjects();
}
