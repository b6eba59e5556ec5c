#include "harness/minimize/minimize.h"

#include <algorithm>
#include <initializer_list>

namespace breakproof::harness {
namespace {

using Clock = std::chrono::steady_clock;

// A request that may well be served, by touching so much memory that one try takes seconds. On the way
// down from an absurd size such values explain nothing that smaller ones do not.
bool IsCostly(const Operation& operation) {
  const unsigned __int128 bytes = static_cast<unsigned __int128>(operation.size) * operation.count;
  return bytes > (64ull << 20) && bytes < (1ull << 40);
}

class Minimizer {
 public:
  Minimizer(Case c, const StillFails& still_fails, const MinimizeLimits& limits)
      : best_(std::move(c)),
        still_fails_(still_fails),
        limits_(limits),
        deadline_(Clock::now() + limits.time) {}

  Case Run() {
    // Small and plain sizes often make further operations superfluous, so it goes round until nothing gives.
    for (bool progress = true; progress && !IsOver();) {
      best_ = WithFreshNames(best_);
      progress = RemoveOperations();
      progress |= CalmKernel();
      progress |= JoinThreads();
      progress |= SimplifyArguments();
    }
    return WithFreshNames(best_);
  }

 private:
  bool IsOver() const { return Clock::now() >= deadline_ || (limits_.stop != nullptr && *limits_.stop); }

  bool Adopt(Case candidate) {
    if (IsOver()) return false;
    const bool fails = still_fails_(candidate);
    if (fails) best_ = std::move(candidate);
    ++tries_;
    if (limits_.on_try) limits_.on_try({best_, tries_, fails});
    return fails;
  }

  // Delta debugging (Zeller, Hildebrandt 2002), on complements: ever smaller stretches are left out.
  bool RemoveOperations() {
    bool progress = false;
    for (std::size_t stretch = std::max<std::size_t>(best_.operations.size() / 2, 1); stretch > 0;
         stretch /= 2) {
      // From the end: later operations depend on earlier ones, not the other way round.
      for (std::size_t end = best_.operations.size(); end > 0 && !IsOver();) {
        const std::size_t begin = end - std::min(end, stretch);
        Case candidate = best_;
        candidate.operations.erase(candidate.operations.begin() + static_cast<std::ptrdiff_t>(begin),
                                   candidate.operations.begin() + static_cast<std::ptrdiff_t>(end));
        progress |= !candidate.operations.empty() && Adopt(std::move(candidate));
        end = begin;
      }
    }
    return progress;
  }

  // Everything on t0; or else on fewer threads, with the lowest numbers.
  bool JoinThreads() {
    bool progress = false;
    for (std::uint8_t thread = kMaxThreads - 1; thread > 0; --thread) {
      for (std::uint8_t other = 0; other < thread && UsesThread(thread); ++other) {
        progress |= Adopt(WithThreadJoined(thread, other));
      }
    }
    return progress;
  }

  bool UsesThread(std::uint8_t thread) const {
    return std::any_of(best_.operations.begin(), best_.operations.end(),
                       [&](const Operation& operation) { return operation.thread == thread; });
  }

  Case WithThreadJoined(std::uint8_t thread, std::uint8_t other) const {
    Case candidate = best_;
    // t0 cannot end, and another thread would end too early; one that is not in use is only renamed.
    if (other == 0 || UsesThread(other)) {
      std::erase_if(candidate.operations, [&](const Operation& operation) {
        return operation.thread == thread && operation.kind == OperationKind::kThreadExit;
      });
    }
    for (Operation& operation : candidate.operations) {
      if (operation.thread == thread) operation.thread = other;
    }
    return candidate;
  }

  // A kernel that does its duty; or else one that does as little else as possible.
  bool CalmKernel() {
    if (best_.environment.IsPlain()) return false;
    bool progress = TryKernel([](Environment* kernel) { *kernel = {}; });
    for (std::size_t i = best_.environment.refusals.size(); i-- > 0;) {
      progress |= TryKernel([i](Environment* kernel) {
        kernel->refusals.erase(kernel->refusals.begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
    for (std::size_t i = 0; i < best_.environment.refusals.size(); ++i) {
      progress |= TryKernel([i](Environment* kernel) { kernel->refusals[i].onwards = false; });
      for (std::uint64_t call = 1; call < best_.environment.refusals[i].call && !IsOver(); ++call) {
        if (TryKernel([&](Environment* kernel) { kernel->refusals[i].call = call; })) break;
      }
    }
    progress |= TryKernel([](Environment* kernel) { kernel->gap_before_growth = 0; });
    progress |= TryKernel([](Environment* kernel) { kernel->break_room.reset(); });
    progress |= TryKernel([](Environment* kernel) { kernel->break_room = 0; });
    return progress;
  }

  template <typename Change>
  bool TryKernel(Change change) {
    Case candidate = best_;
    change(&candidate.environment);
    return candidate != best_ && Adopt(std::move(candidate));
  }

  bool SimplifyArguments() {
    bool progress = false;
    for (std::size_t i = 0; i < best_.operations.size() && !IsOver(); ++i) {
      if (best_.operations[i].kind == OperationKind::kCall) progress |= MakePlain(i);
      progress |= Shrink(i, &Operation::count);
      progress |= Shrink(i, &Operation::alignment);
      progress |= Shrink(i, &Operation::size);
    }
    return progress;
  }

  // malloc instead of a more special entry point.
  bool MakePlain(std::size_t index) {
    const model::Entry entry = best_.operations[index].entry;
    if (!AssignsSlot(entry) || entry == model::Entry::kMalloc) return false;
    Case candidate = best_;
    Operation& operation = candidate.operations[index];
    operation.size *= operation.count;
    operation.entry = model::Entry::kMalloc;
    operation.argument = kNullSlot;
    operation.count = 1;
    operation.alignment = 0;
    if (IsCostly(operation)) return false;
    if (Adopt(candidate)) return true;
    if (entry != model::Entry::kReallocarray) return false;
    operation.entry = model::Entry::kRealloc;
    operation.argument = best_.operations[index].argument;
    return Adopt(std::move(candidate));
  }

  bool TryValue(std::size_t index, std::uint64_t Operation::*field, std::uint64_t value) {
    if (value >= best_.operations[index].*field) return false;
    Case candidate = best_;
    candidate.operations[index].*field = value;
    return !IsCostly(candidate.operations[index]) && Adopt(std::move(candidate));
  }

  // The smallest plain value that still fails, then bisection below what is left.
  bool Shrink(std::size_t index, std::uint64_t Operation::*field) {
    for (const std::uint64_t plain :
         {0ull, 1ull, 8ull, 16ull, 24ull, 32ull, 64ull, 100ull, 128ull, 256ull, 512ull, 1024ull, 4096ull,
          65536ull, 131072ull, 1048576ull}) {
      if (TryValue(index, field, plain)) return true;
    }
    bool progress = false;
    std::uint64_t fails_not = 0;
    for (int step = 0; step < 24 && fails_not + 1 < best_.operations[index].*field; ++step) {
      const std::uint64_t middle = fails_not + (best_.operations[index].*field - fails_not) / 2;
      if (TryValue(index, field, middle)) {
        progress = true;
      } else {
        fails_not = middle;
      }
    }
    return progress;
  }

  Case best_;
  const StillFails& still_fails_;
  const MinimizeLimits& limits_;
  Clock::time_point deadline_;
  std::uint64_t tries_ = 0;
};

}  // namespace

Case Minimize(const Case& c, const StillFails& still_fails, const MinimizeLimits& limits) {
  return Minimizer(c, still_fails, limits).Run();
}

}  // namespace breakproof::harness
