#include "harness/case/case_text.h"

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>

namespace breakproof::harness {
namespace {

using model::Entry;

constexpr std::string_view kHeader = "# breakproof case v1";
constexpr std::string_view kNull = "null";

// ---- Printing

std::string PrintNumber(std::uint64_t value) {
  constexpr std::uint64_t kNear = 1ull << 32;  // closer than this, the distance says more than the number
  if (SIZE_MAX - value < kNear) {
    return value == SIZE_MAX ? "SIZE_MAX" : "SIZE_MAX-" + std::to_string(SIZE_MAX - value);
  }
  constexpr std::uint64_t kMiddle = PTRDIFF_MAX;
  if (value > kMiddle - kNear && value <= kMiddle) {
    return value == kMiddle ? "PTRDIFF_MAX" : "PTRDIFF_MAX-" + std::to_string(kMiddle - value);
  }
  if (value > kMiddle && value < kMiddle + kNear) return "PTRDIFF_MAX+" + std::to_string(value - kMiddle);
  return std::to_string(value);
}

std::string PrintSlot(Slot slot, const std::vector<std::string>& names) {
  return slot == kNullSlot ? std::string(kNull) : names.at(slot);
}

// ---- Parsing

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsName(std::string_view word) {
  if (word.empty() || (word[0] >= '0' && word[0] <= '9')) return false;
  for (const char c : word) {
    if (!IsNameCharacter(c)) return false;
  }
  return word != kNull;
}

std::optional<std::uint64_t> ParsePlainNumber(std::string_view word) {
  std::uint64_t unit = 1;
  if (!word.empty()) {
    if (word.back() == 'K') unit = 1 << 10;
    if (word.back() == 'M') unit = 1 << 20;
    if (word.back() == 'G') unit = 1 << 30;
    if (unit != 1) word.remove_suffix(1);
  }
  const int base = word.starts_with("0x") ? 16 : 10;
  if (base == 16) word.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (problem != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (__builtin_mul_overflow(value, unit, &value)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> ParseNumber(std::string_view word) {
  for (const auto& [name, base] : {std::pair<std::string_view, std::uint64_t>{"SIZE_MAX", SIZE_MAX},
                                   {"PTRDIFF_MAX", PTRDIFF_MAX}}) {
    if (!word.starts_with(name)) continue;
    const std::string_view rest = word.substr(name.size());
    if (rest.empty()) return base;
    const auto distance = ParsePlainNumber(rest.substr(1));
    if (!distance || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
    return rest[0] == '+' ? base + *distance : base - *distance;
  }
  return ParsePlainNumber(word);
}

std::optional<Entry> ParseEntry(std::string_view word) {
  for (int entry = 0; entry < model::kEntryCount; ++entry) {
    if (word == model::NameOf(static_cast<Entry>(entry))) return static_cast<Entry>(entry);
  }
  return std::nullopt;
}

std::optional<model::Option> ParseOption(std::string_view word) {
  for (int option = 0; option < model::kOptionCount; ++option) {
    if (word == model::NameOf(static_cast<model::Option>(option))) return static_cast<model::Option>(option);
  }
  return std::nullopt;
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  line = line.substr(0, line.find('#'));
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t start = line.find_first_not_of(" \t\r", at);
    if (start == std::string_view::npos) break;
    at = std::min(line.find_first_of(" \t\r", start), line.size());
    words.push_back(line.substr(start, at - start));
  }
  return words;
}

class Parser {
 public:
  Parser(Case* c, ParseError* error) : case_(c), error_(error) {}

  bool ParseLine(int number, std::string_view line) {
    line_ = number;
    words_ = Words(line);
    next_ = 0;
    if (words_.empty()) return true;
    operation_ = Operation{};
    if (!ParseThread() || !ParseOperation()) return false;
    if (next_ != words_.size()) return Fail("has '" + std::string(words_[next_]) + "' too much");
    case_->operations.push_back(operation_);
    return true;
  }

 private:
  bool Fail(std::string message) {
    error_->line = line_;
    error_->message = "this line " + std::move(message);
    return false;
  }

  std::string_view Next() { return next_ < words_.size() ? words_[next_++] : std::string_view(); }

  bool ParseThread() {
    const std::string_view word = Next();
    const auto thread = word.starts_with("t") ? ParsePlainNumber(word.substr(1)) : std::nullopt;
    if (!thread || *thread >= kMaxThreads) {
      return Fail("starts with '" + std::string(word) + "' instead of a thread, t0 to t15");
    }
    operation_.thread = static_cast<std::uint8_t>(*thread);
    return true;
  }

  bool ParseOperation() {
    const bool assigns = next_ + 1 < words_.size() && words_[next_ + 1] == "=";
    std::string_view target;
    if (assigns) {
      target = Next();
      Next();
      if (!IsName(target)) return Fail("assigns to '" + std::string(target) + "', which is not a slot name");
    }
    const std::string_view word = Next();
    if (!assigns && word == "check") return operation_.kind = OperationKind::kCheck, true;
    if (!assigns && word == "exit") return ParseExit();
    if (!assigns && word == "mallopt") return ParseMallopt();
    if (!assigns && word == "sbrk") return ParseSbrk();
    const auto entry = ParseEntry(word);
    if (!entry) return Fail("has '" + std::string(word) + "' where an operation belongs");
    operation_.entry = *entry;
    if (assigns && !AssignsSlot(*entry)) return Fail("assigns the result of " + std::string(word));
    if (!ParseArguments()) return false;
    // The target last: in `b = realloc a 8` slots are numbered in reading order of use, a before b.
    if (assigns) operation_.result = SlotNamed(target);
    return true;
  }

  bool ParseExit() {
    if (operation_.thread == 0) return Fail("ends thread t0, which lives as long as the process");
    operation_.kind = OperationKind::kThreadExit;
    return true;
  }

  bool ParseMallopt() {
    operation_.kind = OperationKind::kMallopt;
    const std::string_view word = Next();
    const auto option = ParseOption(word);
    if (!option) return Fail("has '" + std::string(word) + "' where a parameter of mallopt belongs");
    operation_.option = *option;
    if (!ParseArgument("a value", &operation_.size)) return false;
    return operation_.size <= INT32_MAX || Fail("has a value that is no int, which mallopt takes");
  }

  bool ParseSbrk() {
    operation_.kind = OperationKind::kSbrk;
    const bool lowers = next_ < words_.size() && words_[next_].starts_with('-');
    if (lowers) words_[next_].remove_prefix(1);
    if (!ParseArgument("a distance", &operation_.size)) return false;
    if (lowers) operation_.size = -operation_.size;
    return true;
  }

  bool ParseArguments() {
    const Entry entry = operation_.entry;
    if (ReadsSlot(entry) && !ParseSlot()) return false;
    if (TakesCount(entry) && !ParseArgument("a count", &operation_.count)) return false;
    if (TakesAlignment(entry) && !ParseArgument("an alignment", &operation_.alignment)) return false;
    return !AssignsSlot(entry) || ParseArgument("a size", &operation_.size);
  }

  bool ParseSlot() {
    const std::string_view word = Next();
    if (word == kNull) return true;
    if (!IsName(word)) return Fail("needs a slot name, but has '" + std::string(word) + "'");
    operation_.argument = SlotNamed(word);
    return true;
  }

  bool ParseArgument(const char* what, std::uint64_t* value) {
    const std::string_view word = Next();
    const auto number = ParseNumber(word);
    if (!number) return Fail("needs " + std::string(what) + ", but has '" + std::string(word) + "'");
    *value = *number;
    return true;
  }

  Slot SlotNamed(std::string_view name) {
    const auto [slot, is_new] =
        slots_.try_emplace(std::string(name), static_cast<Slot>(case_->slot_names.size()));
    if (is_new) case_->slot_names.emplace_back(name);
    return slot->second;
  }

  Case* case_;
  ParseError* error_;
  std::map<std::string, Slot, std::less<>> slots_;
  int line_ = 0;
  std::vector<std::string_view> words_;
  std::size_t next_ = 0;
  Operation operation_;
};

std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

}  // namespace

std::string PrintOperation(const Operation& operation, const std::vector<std::string>& slot_names) {
  std::string text = "t" + std::to_string(operation.thread) + "  ";
  if (operation.kind == OperationKind::kCheck) return text + "check";
  if (operation.kind == OperationKind::kThreadExit) return text + "exit";
  if (operation.kind == OperationKind::kMallopt) {
    return text + "mallopt " + model::NameOf(operation.option) + " " + PrintNumber(operation.size);
  }
  if (operation.kind == OperationKind::kSbrk) {
    const bool lowers = operation.size > INT64_MAX;
    return text + (lowers ? "sbrk -" : "sbrk ") + PrintNumber(lowers ? -operation.size : operation.size);
  }
  if (operation.result != kNullSlot) text += PrintSlot(operation.result, slot_names) + " = ";
  text += model::NameOf(operation.entry);
  if (ReadsSlot(operation.entry)) text += " " + PrintSlot(operation.argument, slot_names);
  if (TakesCount(operation.entry)) text += " " + PrintNumber(operation.count);
  if (TakesAlignment(operation.entry)) text += " " + PrintNumber(operation.alignment);
  if (AssignsSlot(operation.entry)) text += " " + PrintNumber(operation.size);
  return text;
}

std::string PrintCase(const Case& c) {
  std::string text = std::string(kHeader) + "\n";
  for (const std::string& note : c.notes) text += note.empty() ? "#\n" : "# " + note + "\n";
  for (const Operation& operation : c.operations) {
    text += PrintOperation(operation, c.slot_names) + "\n";
  }
  return text;
}

bool ParseCase(std::string_view text, Case* c, ParseError* error) {
  *c = Case{};
  if (TakeLine(&text) != kHeader) {
    *error = {1, "the first line must be '" + std::string(kHeader) + "'"};
    return false;
  }
  Parser parser(c, error);
  for (int number = 2; !text.empty(); ++number) {
    const std::string_view line = TakeLine(&text);
    if (line.starts_with("#") && c->operations.empty()) {
      c->notes.emplace_back(line.substr(line.starts_with("# ") ? 2 : 1));
    } else if (!parser.ParseLine(number, line)) {
      return false;
    }
  }
  return true;
}

}  // namespace breakproof::harness
