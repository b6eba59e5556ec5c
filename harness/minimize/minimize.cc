#include "harness/minimize/minimize.h"

#include "harness/minimize/search.h"

namespace breakproof::harness {

Case Minimize(const Case& c, const StillFails& still_fails, const MinimizeLimits& limits) {
  Search search(c, still_fails, limits);
  // Small and plain sizes often make further operations superfluous, so it goes round until nothing gives.
  for (bool progress = true; progress && !search.IsOver();) {
    search.Restore(WithFreshNames(search.best()));
    // Of long cases first what goes in one piece: to take them apart one by one is what takes time.
    progress = RemoveCoarsely(search) && Concentrate(search);
    progress |= RemoveOperations(search);
    progress |= LetTimePass(search);
    progress |= CalmKernel(search);
    progress |= JoinThreads(search);
    progress |= Concentrate(search);
    progress |= SimplifyArguments(search);
  }
  return WithFreshNames(search.best());
}

}  // namespace breakproof::harness
