#include "harness/explain/address_names.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace breakproof::harness {
namespace {

std::string Hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

std::string Describe(const SpanView& span) {
  switch (span.kind) {
    case SpanKind::kFree: return "free";
    case SpanKind::kLarge: return "one large block";
    case SpanKind::kMapping: return "a mapping of its own";
    case SpanKind::kSlab: break;
  }
  return "slab of " + std::to_string(span.block_size) + "-byte blocks, of thread heap " + std::to_string(span.owner);
}

AddressNames::AddressNames(const Trace& trace) : break_start_(trace.break_start) {
  Table table;
  for (const Moment& moment : trace.moments) {
    table = Next(table, moment.space);
    tables_.emplace_back(moment.performed, table);
  }
}

AddressNames::Table AddressNames::Next(const Table& before, const AddressSpace& space) {
  Table table;
  for (const Region& region : space.regions) {
    if (region.kind == RegionKind::kForeign) continue;
    if (region.kind == RegionKind::kBreak) {
      table.push_back({region.begin, region.end, 0});
      continue;
    }
    // What was there keeps its name; what is new directly above it is its growth; the rest is new.
    std::uint64_t at = region.begin;
    while (at < region.end) {
      const auto known = std::find_if(before.begin(), before.end(), [&](const Named& named) {
        return named.number != 0 && named.end > at && named.begin < region.end;
      });
      if (known != before.end() && known->begin <= at) {
        const std::uint64_t end = std::min(known->end, region.end);
        table.push_back({known->begin, end, known->number});
        at = end;
        continue;
      }
      const std::uint64_t end = known != before.end() ? known->begin : region.end;
      const bool continues = !table.empty() && table.back().number != 0 && table.back().end == at && at != region.begin;
      if (continues) {
        table.back().end = end;
      } else {
        table.push_back({at, end, ++last_number_});
      }
      at = end;
    }
  }
  return table;
}

const AddressNames::Named* AddressNames::Find(std::uint64_t address, std::size_t performed) const {
  // The first moment that is late enough, and if the address is gone by then the last one that had it.
  const auto late = std::find_if(tables_.begin(), tables_.end(),
                                 [&](const auto& table) { return table.first >= performed; });
  const auto in = [&](const Table& table) -> const Named* {
    for (const Named& named : table) {
      if (address >= named.begin && address < named.end) return &named;
    }
    return nullptr;
  };
  if (late != tables_.end()) {
    if (const Named* named = in(late->second)) return named;
  }
  for (auto table = late; table != tables_.begin();) {
    if (const Named* named = in((--table)->second)) return named;
  }
  return nullptr;
}

std::string AddressNames::Name(std::uint64_t address, std::size_t performed) const {
  if (address == 0) return "NULL";
  const Named* const named = Find(address, performed);
  if (named == nullptr) {
    // An end of the break is no part of it.
    const Named* const before = Find(address - 1, performed);
    if (before != nullptr && before->number == 0) return "break+" + Hex(address - break_start_);
    return Hex(address);
  }
  if (named->number == 0) return "break+" + Hex(address - break_start_);
  return "m" + std::to_string(named->number) + "+" + Hex(address - named->begin);
}

std::optional<AddressNames::Place> AddressNames::PlaceOf(std::uint64_t address, std::size_t performed) const {
  const Named* const named = Find(address, performed);
  if (named == nullptr) return std::nullopt;
  return Place{named->number, address - (named->number == 0 ? break_start_ : named->begin)};
}

std::uint64_t AddressNames::RegionEnd(std::uint64_t address, std::size_t performed) const {
  return Find(address, performed)->end;
}

std::string AddressNames::RegionName(std::uint64_t address, std::size_t performed) const {
  const Named* const named = Find(address, performed);
  if (named == nullptr) return "";
  return named->number == 0 ? "break" : "m" + std::to_string(named->number);
}

std::string AddressNames::Rename(const std::string& sentence, std::size_t performed) const {
  std::string text;
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t found = sentence.find("0x", at);
    text += sentence.substr(at, found - at);
    if (found == std::string::npos) break;
    std::uint64_t address = 0;
    const char* const end =
        std::from_chars(sentence.data() + found + 2, sentence.data() + sentence.size(), address, 16).ptr;
    at = static_cast<std::size_t>(end - sentence.data());
    const std::string name = Name(address, performed);
    constexpr std::uint64_t kFirstPage = 4096;  // below it a number is no address
    text += address < kFirstPage ? sentence.substr(found, at - found) : name;
    if (at == found) break;
  }
  return text;
}

}  // namespace breakproof::harness
