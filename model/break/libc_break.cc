#include "model/break/libc_break.h"

#include <cerrno>

#include "model/break/break.h"

namespace breakproof::model {

Result LibcBrk(State& state, LibcBreak& libc, Word wanted) {
  if (wanted < state.program_break.lowest) state.Hit(Rule::B40);
  libc.cached = SetBreak(state, wanted);
  if (libc.cached < wanted) return Result::Error(ENOMEM);  // B40: only a lower answer is a failure
  return Result::Ok(0);
}

Result LibcSbrk(State& state, LibcBreak& libc, std::int64_t increment) {
  const Word old = libc.cached;
  if (old != state.program_break.current) state.Hit(Rule::B44);
  if (increment == 0) {
    state.Hit(Rule::B41);
    return Result::Ok(old);  // B41: no system call
  }
  const Word wanted = old + static_cast<Word>(increment);
  const bool wraps = increment > 0 ? wanted < old : Word{0} - static_cast<Word>(increment) > old;
  if (wraps) {
    state.Hit(Rule::B42);
    return Result::Error(ENOMEM);  // B42: no system call either
  }
  if (wanted < state.program_break.lowest) state.Hit(Rule::B43);
  const Result moved = LibcBrk(state, libc, wanted);
  state.Hit(Rule::B45);
  return moved.error != 0 ? moved : Result::Ok(old);  // B43: the old break although nothing moved
}

}  // namespace breakproof::model
