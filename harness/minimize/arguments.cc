#include <algorithm>
#include <map>

#include "harness/minimize/search.h"

namespace breakproof::harness {
namespace {

using Field = std::uint64_t Operation::*;

// Of longer cases only what many operations have in common is looked at: one by one they would take minutes.
constexpr std::size_t kShort = 40;

// The operations at these positions get a value lower than they have.
bool TryValue(Search& search, const Positions& positions, Field field, std::uint64_t value) {
  if (value >= search.best().operations[positions[0]].*field) return false;
  return search.TryChange([&](Case& c) {
    for (const std::size_t position : positions) c.operations[position].*field = value;
  });
}

// The smallest plain value that still fails, then bisection below what is left.
bool Lower(Search& search, const Positions& positions, Field field) {
  bool progress = false;
  for (const std::uint64_t plain : kPlainValues) {
    if (TryValue(search, positions, field, plain)) {
      progress = true;
      break;
    }
  }
  const auto value = [&] { return search.best().operations[positions[0]].*field; };
  std::uint64_t holds = 0;
  for (int step = 0; step < 24 && holds + 1 < value() && !search.IsOver(); ++step) {
    const std::uint64_t middle = holds + (value() - holds) / 2;
    if (TryValue(search, positions, field, middle)) {
      progress = true;
    } else {
      holds = middle;
    }
  }
  return progress;
}

// Positions by the value of the field, where several operations of a kind have the same one.
std::vector<Positions> WithEqualValues(const Case& c, Field field) {
  std::map<std::pair<OperationKind, std::uint64_t>, Positions> groups;
  for (std::size_t i = 0; i < c.operations.size(); ++i) groups[{c.operations[i].kind, c.operations[i].*field}].push_back(i);
  std::vector<Positions> common;
  for (auto& [key, positions] : groups) {
    if (positions.size() > 1) common.push_back(std::move(positions));
  }
  return common;
}

// malloc, or at least realloc, instead of a more special entry point; null if there is nothing plainer.
Case WithPlainEntries(const Case& c, const Positions& positions, model::Entry plain) {
  Case plainer = c;
  for (const std::size_t position : positions) {
    Operation& operation = plainer.operations[position];
    operation.size *= operation.count;
    operation.count = 1;
    operation.alignment = 0;
    operation.entry = plain;
    if (!ReadsSlot(plain)) operation.argument = kNullSlot;
  }
  return plainer;
}

bool MakePlain(Search& search, const Positions& positions) {
  const Operation& first = search.best().operations[positions[0]];
  const model::Entry entry = first.entry;
  if (first.kind != OperationKind::kCall) return false;
  if (model::Frees(entry)) {
    return entry != model::Entry::kFree && search.Try(WithPlainEntries(search.best(), positions, model::Entry::kFree));
  }
  if (!AssignsSlot(entry) || entry == model::Entry::kMalloc) return false;
  if (search.Try(WithPlainEntries(search.best(), positions, model::Entry::kMalloc))) return true;
  return entry == model::Entry::kReallocarray &&
         search.Try(WithPlainEntries(search.best(), positions, model::Entry::kRealloc));
}

bool MakePlainTogether(Search& search) {
  std::map<model::Entry, Positions> by_entry;
  const std::vector<Operation>& operations = search.best().operations;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (operations[i].kind == OperationKind::kCall) by_entry[operations[i].entry].push_back(i);
  }
  bool progress = false;
  for (const auto& [entry, positions] : by_entry) progress |= MakePlain(search, positions);
  return progress;
}

}  // namespace

bool SimplifyArguments(Search& search) {
  constexpr Field kFields[] = {&Operation::count, &Operation::alignment, &Operation::size};
  bool progress = MakePlainTogether(search);
  for (const Field field : kFields) {
    for (const Positions& positions : WithEqualValues(search.best(), field)) progress |= Lower(search, positions, field);
  }
  if (search.size() > kShort) return progress;
  for (std::size_t i = 0; i < search.size() && !search.IsOver(); ++i) {
    progress |= MakePlain(search, {i});
    for (const Field field : kFields) progress |= Lower(search, {i}, field);
  }
  return progress;
}

}  // namespace breakproof::harness
