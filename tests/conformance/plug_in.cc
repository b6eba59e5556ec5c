// Loaded by c_program.c.
#include <new>

namespace {
constexpr std::size_t kTooMuch = std::size_t{1} << 60;
int calls;
}  // namespace

extern "C" int CatchesBadAlloc() {
  std::set_new_handler([] {
    if (++calls == 2) throw std::bad_alloc();
  });
  try {
    static_cast<void>(::operator new(kTooMuch));
  } catch (const std::bad_alloc&) {
    return calls == 2;
  }
  return 0;
}

extern "C" int NothrowIsNull() {
  std::set_new_handler(nullptr);
  return ::operator new[](kTooMuch, std::nothrow) == nullptr;
}
