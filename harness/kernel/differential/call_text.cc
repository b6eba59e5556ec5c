#include "harness/kernel/differential/call_text.h"

#include <cstdio>
#include <sstream>
#include <string_view>

namespace breakproof::harness {
namespace {

using model::Call;
using model::CallKind;
using model::Machine;
using model::Word;

constexpr Word kNearby = 1 << 20;  // bytes around the window that are still written relative to it

// The operands of each kind, in the order in which they are written.
enum class Field {
  kAddress,
  kLength,
  kNewLength,
  kNewAddress,
  kProtection,
  kMapFlags,
  kMoveFlags,
  kLimitFlags,
  kDescriptor,
  kAdvice,
  kOffset,
  kValue
};
struct Shape {
  CallKind kind;
  const char* name;
  std::vector<Field> fields;
};

const std::vector<Shape>& Shapes() {
  using enum Field;
  static const std::vector<Shape> kShapes = {
      {CallKind::kBrk, "brk", {kAddress}},
      {CallKind::kLibcBrk, "libc_brk", {kAddress}},
      {CallKind::kLibcSbrk, "libc_sbrk", {kValue}},
      {CallKind::kMmap, "mmap", {kAddress, kLength, kProtection, kMapFlags, kDescriptor, kOffset}},
      {CallKind::kMunmap, "munmap", {kAddress, kLength}},
      {CallKind::kMprotect, "mprotect", {kAddress, kLength, kProtection}},
      {CallKind::kMremap, "mremap", {kAddress, kLength, kNewLength, kMoveFlags, kNewAddress}},
      {CallKind::kMadvise, "madvise", {kAddress, kLength, kAdvice}},
      {CallKind::kLimitData, "limit_data", {kLimitFlags, kValue}},
      {CallKind::kLimitAs, "limit_as", {kLimitFlags, kValue}},
      {CallKind::kLoad, "load", {kAddress}},
      {CallKind::kStore, "store", {kAddress, kValue}},
      {CallKind::kPwrite, "pwrite", {kDescriptor, kOffset, kLength, kValue}},
      {CallKind::kTruncate, "truncate", {kDescriptor, kOffset}},
  };
  return kShapes;
}

struct Name {
  const char* name;
  Word value;
};
constexpr Name kMapFlagNames[] = {{"shared_validate", 3}, {"shared", 1},        {"private", 2},
                                  {"fixed", 0x10},        {"anonymous", 0x20},  {"growsdown", 0x100},
                                  {"noreserve", 0x4000},  {"populate", 0x8000}, {"fixed_noreplace", 0x100000}};
constexpr Name kMoveFlagNames[] = {{"maymove", 1}, {"fixed", 2}, {"dontunmap", 4}};
constexpr Name kProtectionNames[] = {{"r", 1}, {"w", 2}, {"x", 4}};
constexpr Name kLimitNames[] = {{"absolute", 1}};
constexpr Name kAdviceNames[] = {{"dontneed", 4}, {"free", 8},           {"remove", 9},
                                 {"pageout", 21}, {"populate_read", 22}, {"populate_write", 23}};

std::string Hex(Word value) {
  char text[32];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

template <std::size_t n>
std::string Flags(Word value, const Name (&names)[n]) {
  std::string text;
  for (const Name& name : names) {
    if ((value & name.value) != name.value) continue;
    text += (text.empty() ? "" : "|") + std::string(name.name);
    value &= ~name.value;
  }
  if (value != 0 || text.empty()) text += (text.empty() ? "" : "|") + Hex(value);
  return text;
}

std::string FormatField(const Call& call, Field field, const Machine& machine) {
  switch (field) {
    case Field::kAddress: return FormatAddress(call.address, machine);
    case Field::kLength: return Hex(call.length);
    case Field::kNewLength: return Hex(call.new_length);
    case Field::kNewAddress: return FormatAddress(call.new_address, machine);
    case Field::kProtection: return Flags(call.protection, kProtectionNames);
    case Field::kMapFlags: return Flags(call.flags, kMapFlagNames);
    case Field::kMoveFlags: return Flags(call.flags, kMoveFlagNames);
    case Field::kLimitFlags: return Flags(call.flags, kLimitNames);
    case Field::kDescriptor: return std::to_string(call.descriptor);
    case Field::kAdvice:
      for (const Name& name : kAdviceNames)
        if (static_cast<int>(name.value) == call.advice) return name.name;
      return std::to_string(call.advice);
    case Field::kOffset: return Hex(call.offset);
    case Field::kValue: return Hex(call.value);
  }
  return {};
}

// Throws std::invalid_argument or std::out_of_range on what is no number.
Word Number(const std::string& text) {
  std::size_t used = 0;
  const Word value = std::stoull(text, &used, 0);
  if (used != text.size()) throw std::invalid_argument(text);
  return value;
}

template <std::size_t n>
Word ParseFlags(const std::string& text, const Name (&names)[n]) {
  Word value = 0;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, '|');) {
    const Name* found = nullptr;
    for (const Name& name : names)
      if (part == name.name) found = &name;
    value |= found != nullptr ? found->value : Number(part);
  }
  return value;
}

Word ParseAddress(const std::string& text, const Machine& machine) {
  if (text.rfind("w+", 0) == 0) return machine.window.start + Number(text.substr(2));
  if (text.rfind("w-", 0) == 0) return machine.window.start - Number(text.substr(2));
  return Number(text);
}

int ParseAdvice(const std::string& text) {
  for (const Name& name : kAdviceNames)
    if (text == name.name) return static_cast<int>(name.value);
  return std::stoi(text);
}

void ParseField(Call& call, Field field, const std::string& text, const Machine& machine) {
  switch (field) {
    case Field::kAddress: call.address = ParseAddress(text, machine); break;
    case Field::kLength: call.length = Number(text); break;
    case Field::kNewLength: call.new_length = Number(text); break;
    case Field::kNewAddress: call.new_address = ParseAddress(text, machine); break;
    case Field::kProtection: call.protection = static_cast<unsigned>(ParseFlags(text, kProtectionNames)); break;
    case Field::kMapFlags: call.flags = static_cast<unsigned>(ParseFlags(text, kMapFlagNames)); break;
    case Field::kMoveFlags: call.flags = static_cast<unsigned>(ParseFlags(text, kMoveFlagNames)); break;
    case Field::kLimitFlags: call.flags = static_cast<unsigned>(ParseFlags(text, kLimitNames)); break;
    case Field::kDescriptor: call.descriptor = std::stoi(text); break;
    case Field::kAdvice: call.advice = ParseAdvice(text); break;
    case Field::kOffset: call.offset = Number(text); break;
    case Field::kValue: call.value = Number(text); break;
  }
}

// One line; throws on any error.
Call ParseCall(const std::string& line, const Machine& machine) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  for (const Shape& shape : Shapes()) {
    if (word != shape.name) continue;
    Call call{.kind = shape.kind};
    for (Field field : shape.fields) {
      if (!(words >> word)) throw std::invalid_argument("operand missing");
      ParseField(call, field, word, machine);
    }
    if (words >> word) throw std::invalid_argument("too many operands");
    return call;
  }
  throw std::invalid_argument("unknown call");
}

}  // namespace

std::string FormatAddress(Word address, const Machine& machine) {
  const Word start = machine.window.start;
  if (address >= start && address < machine.window.end + kNearby) return "w+" + Hex(address - start);
  if (address < start && address >= start - kNearby) return "w-" + Hex(start - address);
  return Hex(address);
}

std::string FormatCall(const Call& call, const Machine& machine) {
  std::string text;
  for (const Shape& shape : Shapes()) {
    if (shape.kind != call.kind) continue;
    text = shape.name;
    for (Field field : shape.fields) text += " " + FormatField(call, field, machine);
  }
  return text;
}

std::string FormatCalls(const std::vector<Call>& calls, const Machine& machine) {
  std::string text = "# breakproof kernel calls v1\n";
  for (const Call& call : calls) text += FormatCall(call, machine) + "\n";
  return text;
}

std::optional<std::vector<Call>> ParseCalls(const std::string& text, const Machine& machine, std::string& error) {
  std::vector<Call> calls;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    try {
      calls.push_back(ParseCall(line, machine));
    } catch (const std::exception& problem) {
      error = "line " + std::to_string(number) + ": " + line + " (" + problem.what() + ")";
      return std::nullopt;
    }
  }
  return calls;
}

}  // namespace breakproof::harness
