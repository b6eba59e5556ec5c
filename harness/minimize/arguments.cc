#include <algorithm>
#include <map>
#include <numeric>

#include "harness/minimize/search.h"
#include "harness/case/operation/operation_table.h"

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

// What operator new made is operator delete's, by whatever name it is ended: the case shall say so.
bool UsesNew(const Case& c) {
  return std::ranges::any_of(c.operations, [](const Operation& o) { return o.kind == OperationKind::kCall && model::IsNew(o.entry); });
}

// From the plainest on.
std::vector<model::Entry> PlainerThan(model::Entry entry, const Case& c) {
  using enum model::Entry;
  if (model::IsDelete(entry) && UsesNew(c)) return {kDelete};
  if (model::Frees(entry)) return {kFree};
  if (!AssignsSlot(entry)) return {};
  if (entry == kReallocarray) return {kMalloc, kRealloc};
  if (model::IsNew(entry)) return {kMalloc, kNew, kNewNothrow};
  return {kMalloc};
}

bool MakePlain(Search& search, const Positions& positions) {
  const Operation first = search.best().operations[positions[0]];
  if (first.kind != OperationKind::kCall) return false;
  for (const model::Entry plain : PlainerThan(first.entry, search.best())) {
    if (plain == first.entry) return false;
    if (search.Try(WithPlainEntries(search.best(), positions, plain))) return true;
  }
  return false;
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

static_assert(Content::kPattern < Content::kUntouched && Content::kUntouched < Content::kFirstWordLeft, "the plainest first");

// A pattern, or else nothing written, instead of a more special content: of all blocks, then of each.
bool TryContent(Search& search, const Positions& positions, Content content) {
  const auto is_other = [&](const Operation& operation) { return operation.content > content; };
  const std::vector<Operation>& operations = search.best().operations;
  if (std::ranges::none_of(positions, [&](std::size_t i) { return is_other(operations[i]); })) return false;
  return search.TryChange([&](Case& c) {
    for (const std::size_t position : positions) {
      if (is_other(c.operations[position])) c.operations[position].content = content;
    }
  });
}

bool WritePlainly(Search& search, const Positions& positions) {
  return TryContent(search, positions, Content::kPattern) || TryContent(search, positions, Content::kUntouched);
}

bool WritePlainlyTogether(Search& search) {
  Positions all(search.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return WritePlainly(search, all);
}

}  // namespace

bool SimplifyArguments(Search& search) {
  constexpr Field kFields[] = {&Operation::count, &Operation::alignment, &Operation::size};
  bool progress = MakePlainTogether(search);
  progress |= WritePlainlyTogether(search);
  for (const Field field : kFields) {
    for (const Positions& positions : WithEqualValues(search.best(), field)) progress |= Lower(search, positions, field);
  }
  if (search.size() > kShort) return progress;
  for (std::size_t i = 0; i < search.size() && !search.IsOver(); ++i) {
    progress |= MakePlain(search, {i});
    progress |= WritePlainly(search, {i});
    for (const Field field : kFields) progress |= Lower(search, {i}, field);
  }
  return progress;
}

}  // namespace breakproof::harness
