#include <algorithm>

#include "harness/minimize/search.h"

namespace breakproof::harness {
namespace {

bool UsesThread(const Case& c, std::uint8_t thread) {
  return std::ranges::any_of(c.operations, [&](const Operation& operation) { return operation.thread == thread; });
}

Case WithThreadJoined(const Case& c, std::uint8_t thread, std::uint8_t other) {
  Case joined = c;
  // t0 cannot end, and another thread would end too early; one that is not in use is only renamed.
  if (other == 0 || UsesThread(c, other)) {
    std::erase_if(joined.operations, [&](const Operation& operation) {
      return operation.thread == thread && operation.kind == OperationKind::kThreadExit;
    });
  }
  for (Operation& operation : joined.operations) {
    if (operation.thread == thread) operation.thread = other;
  }
  return joined;
}

Case OnOneThread(Case c) {
  std::erase_if(c.operations, [](const Operation& operation) { return operation.kind == OperationKind::kThreadExit; });
  for (Operation& operation : c.operations) operation.thread = 0;
  return c;
}

// The earliest refusal that still does.
bool RefuseEarlier(Search& search, std::size_t index) {
  const auto call = [&] { return search.best().environment.refusals[index].call; };
  const auto try_call = [&](std::uint64_t earlier) {
    return search.TryChange([&](Case& c) { c.environment.refusals[index].call = earlier; });
  };
  constexpr std::uint64_t kOneByOne = 8;
  for (std::uint64_t earlier = 1; earlier < std::min(call(), kOneByOne); ++earlier) {
    if (try_call(earlier)) return true;
  }
  bool progress = false;
  std::uint64_t too_early = kOneByOne - 1;
  while (too_early + 1 < call() && !search.IsOver()) {
    const std::uint64_t middle = too_early + (call() - too_early) / 2;
    if (try_call(middle)) {
      progress = true;
    } else {
      too_early = middle;
    }
  }
  return progress;
}

}  // namespace

// A kernel that does its duty; or else one that does as little else as possible.
bool CalmKernel(Search& search) {
  if (search.best().environment.IsPlain()) return false;
  if (search.TryChange([](Case& c) { c.environment = {}; })) return true;
  bool progress = false;
  for (std::size_t i = search.best().environment.refusals.size(); i-- > 0;) {
    progress |= search.TryChange([&](Case& c) {
      c.environment.refusals.erase(c.environment.refusals.begin() + static_cast<std::ptrdiff_t>(i));
    });
  }
  for (std::size_t i = 0; i < search.best().environment.refusals.size(); ++i) {
    progress |= search.TryChange([&](Case& c) { c.environment.refusals[i].onwards = false; });
    progress |= RefuseEarlier(search, i);
  }
  progress |= search.TryChange([](Case& c) { c.environment.has_cxx_runtime = false; });
  progress |= search.TryChange([](Case& c) { c.environment.gap_before_growth = 0; });
  progress |= search.TryChange([](Case& c) { c.environment.break_room.reset(); });
  if (search.best().environment.break_room) progress |= search.TryChange([](Case& c) { c.environment.break_room = 0; });
  return progress;
}

// Everything on t0; or else on fewer threads, with the lowest numbers.
bool JoinThreads(Search& search) {
  if (search.Try(OnOneThread(search.best()))) return true;
  bool progress = false;
  for (std::uint8_t thread = kMaxThreads - 1; thread > 0; --thread) {
    for (std::uint8_t other = 0; other < thread && UsesThread(search.best(), thread); ++other) {
      progress |= search.Try(WithThreadJoined(search.best(), thread, other));
    }
  }
  return progress;
}

}  // namespace breakproof::harness
