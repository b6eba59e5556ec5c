#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "harness/minimize/search.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {
namespace {

using Sets = std::vector<Positions>;

Sets EachOperation(const Case& c) {
  Sets sets(c.operations.size());
  for (std::size_t i = 0; i < sets.size(); ++i) sets[i] = {i};
  return sets;
}

// Operations with the same key form a set; in order of first appearance.
template <typename KeyOf>
Sets Grouped(const Case& c, KeyOf key_of) {
  std::map<decltype(key_of(c.operations[0])), std::size_t> numbers;
  Sets sets;
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const auto [found, is_new] = numbers.try_emplace(key_of(c.operations[i]), sets.size());
    if (is_new) sets.emplace_back();
    sets[found->second].push_back(i);
  }
  return sets;
}

Sets ByThread(const Case& c) {
  return Grouped(c, [](const Operation& operation) { return operation.thread; });
}

// Everything about an operation but its slots, whose names are not the subject's business.
auto ShapeOf(const Operation& operation) {
  return std::tuple(operation.kind, operation.entry, operation.thread, operation.option, operation.call_type,
                    operation.content, operation.size, operation.count, operation.alignment);
}

Sets ByShape(const Case& c) {
  return Grouped(c, [](const Operation& operation) { return ShapeOf(operation); });
}

// What happens to one block: its making, its moves, its end.
Sets ByBlock(const Case& c) {
  Sets sets;
  std::map<Slot, std::size_t> set_of;  // by slot, of the block in it
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const Operation& operation = c.operations[i];
    const auto argument = set_of.find(operation.argument);
    const bool continues = operation.argument != kNullSlot && argument != set_of.end();
    const std::size_t set = continues ? argument->second : sets.size();
    if (!continues) sets.emplace_back();
    sets[set].push_back(i);
    if (RowOf(operation).Assigns() && operation.result != kNullSlot) set_of[operation.result] = set;
  }
  return sets;
}

// How many operations it takes until the case, up to its end, repeats itself; nothing if it does not.
std::optional<std::size_t> PeriodOf(const Case& c) {
  constexpr std::size_t kMostOperations = 4096;  // each period is compared with the whole case
  const std::size_t count = c.operations.size();
  if (count > kMostOperations) return std::nullopt;
  for (std::size_t period = 1; period <= count / 3; ++period) {
    std::size_t equal = 0;
    while (equal + period < count &&
           ShapeOf(c.operations[count - 1 - equal]) == ShapeOf(c.operations[count - 1 - equal - period])) {
      ++equal;
    }
    if (equal + period >= count / 2 && equal >= 2 * period) return period;
  }
  return std::nullopt;
}

// What stands at the same place of every round; rounds must stay equal where a rule is about repetition.
Sets ByPlaceInRound(const Case& c, std::size_t period) {
  Sets sets(period);
  const std::size_t count = c.operations.size();
  for (std::size_t i = 0; i < count; ++i) sets[period - 1 - (count - 1 - i) % period].push_back(i);
  return sets;
}

Case Without(const Case& c, const std::vector<bool>& gone) {
  Case less{.notes = c.notes, .operations = {}, .slot_names = c.slot_names, .environment = c.environment};
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) less.operations.push_back(c.operations[i]);
  }
  return less;
}

bool RemoveFromRounds(Search& search, std::size_t finest) {
  const auto period = PeriodOf(search.best());
  return period && RemoveSets(search, ByPlaceInRound(search.best(), *period), finest);
}

// ---- Concentrate

bool TakesSize(const Operation& operation) {
  return operation.kind == OperationKind::kCall && AssignsSlot(operation.entry) && operation.size != 0;
}

// With larger sizes it still fails; whether that was worth it shows when much of it can go. Else all is as before.
bool TryWith(Search& search, Case larger) {
  const Case before = search.best();
  if (!search.Try(std::move(larger))) return false;
  const std::size_t count = search.size();
  const std::size_t coarse = std::max<std::size_t>(count / 8, 1);
  bool is_promising = RemoveSets(search, EachOperation(search.best()), coarse);
  is_promising |= RemoveFromRounds(search, 1);
  if (is_promising) RemoveOperations(search);
  if (search.size() < count) return true;
  search.Restore(before);
  return false;
}

}  // namespace

bool RemoveSets(Search& search, const Sets& sets, std::size_t finest) {
  const Case base = search.best();
  std::vector<bool> gone(base.operations.size());
  bool progress = false;
  // Delta debugging (Zeller, Hildebrandt 2002), on complements.
  for (std::size_t stretch = std::max<std::size_t>(sets.size() / 2, 1); stretch >= finest; stretch /= 2) {
    // From the end: later operations depend on earlier ones, not the other way round.
    for (std::size_t end = sets.size(); end > 0 && !search.IsOver();) {
      const std::size_t begin = end - std::min(end, stretch);
      std::vector<bool> more = gone;
      for (std::size_t set = begin; set < end; ++set) {
        for (const std::size_t position : sets[set]) more[position] = true;
      }
      end = begin;
      if (more == gone || !search.Try(Without(base, more))) continue;
      gone = std::move(more);
      progress = true;
    }
  }
  return progress;
}

bool RemoveOperations(Search& search) {
  bool progress = RemoveSets(search, ByThread(search.best()));
  progress |= RemoveSets(search, ByShape(search.best()));
  progress |= RemoveSets(search, EachOperation(search.best()));
  progress |= RemoveSets(search, ByBlock(search.best()));
  progress |= RemoveFromRounds(search, 1);
  return progress;
}

bool RemoveCoarsely(Search& search) {
  constexpr std::size_t kLong = 64;
  if (search.size() < kLong) return false;
  RemoveSets(search, ByThread(search.best()));
  RemoveSets(search, ByShape(search.best()), 2);
  RemoveSets(search, EachOperation(search.best()), std::max<std::size_t>(search.size() / 16, 1));
  return search.size() >= kLong;
}

bool LetTimePass(Search& search) {
  constexpr std::size_t kLong = 64;
  constexpr std::uint64_t kMilliseconds = 1100;  // twice the usual decay
  if (search.size() < kLong) return false;
  for (const std::size_t pieces : {1u, 2u, 4u, 8u}) {
    const std::size_t length = search.size() / pieces;
    for (std::size_t begin = search.size(); begin >= length && !search.IsOver();) {
      begin -= length;
      const auto first = search.best().operations.begin() + static_cast<std::ptrdiff_t>(begin);
      if (std::any_of(first, first + static_cast<std::ptrdiff_t>(length), [](const Operation& o) { return o.kind == OperationKind::kClock; })) continue;
      const bool is_shorter = search.TryChange([&](Case& c) {
        const auto from = c.operations.begin() + static_cast<std::ptrdiff_t>(begin);
        c.operations.erase(from + 1, from + static_cast<std::ptrdiff_t>(length));
        *from = Operation{.kind = OperationKind::kClock, .thread = from->thread, .size = kMilliseconds};
      });
      if (is_shorter) return true;
    }
  }
  return false;
}

bool Concentrate(Search& search) {
  constexpr std::size_t kFewEnough = 6;
  if (search.size() <= kFewEnough) return false;
  // Large ones first: below a page, where tables of classes tend to end, where mappings tend to begin, and the whole
  // of what a heap tends to grow by.
  constexpr std::uint64_t kSizes[] = {262144, 131072, 120000, 65536, 32768, 16384, 8192, 4096, 2048, 1024};
  for (const std::uint64_t size : kSizes) {
    Case all = search.best();
    for (Operation& operation : all.operations) {
      if (TakesSize(operation)) operation.size = std::max(operation.size, size);
    }
    if (TryWith(search, std::move(all))) return true;
  }
  // Or the largest alone, which is what counts where a heap must reach some length.
  Sets groups = ByShape(search.best());
  std::erase_if(groups, [&](const Positions& set) { return !TakesSize(search.best().operations[set[0]]); });
  std::stable_sort(groups.begin(), groups.end(), [](const Positions& a, const Positions& b) { return a.size() > b.size(); });
  constexpr std::size_t kMostGroups = 6;
  if (groups.size() > kMostGroups) groups.resize(kMostGroups);
  for (const Positions& group : groups) {
    for (const std::uint64_t size : kSizes) {
      Case some = search.best();
      if (some.operations[group[0]].size >= size) break;
      for (const std::size_t position : group) some.operations[position].size = size;
      if (TryWith(search, std::move(some))) return true;
    }
  }
  return false;
}

}  // namespace breakproof::harness
