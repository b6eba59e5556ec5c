#include "harness/case/case_text.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "harness/case/number_text.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {
namespace {

constexpr std::string_view kHeader = "# breakproof case v1";
constexpr std::string_view kHeader2 = "# breakproof case v2";  // contents, copies, a C++ runtime
constexpr std::string_view kNull = "null";

// ---- Printing

std::string PrintSlot(Slot slot, const std::vector<std::string>& names) {
  return slot == kNullSlot ? std::string(kNull) : names.at(slot);
}

std::string PrintOperand(const Operand& operand, const Operation& operation, const std::vector<std::string>& names) {
  switch (operand.form) {
    case Form::kSlot: return PrintSlot(operation.argument, names);
    case Form::kTarget: return PrintSlot(operation.result, names);
    case Form::kContent: return NameOf(operation.content);
    case Form::kContentIfAny: return operation.content == Content::kPattern ? "" : NameOf(operation.content);
    case Form::kOption: return model::NameOf(operation.option);
    case Form::kCallType: return NameOfCallType(operation.call_type);
    case Form::kSigned: {
      const std::uint64_t value = operation.*operand.field;
      return value > INT64_MAX ? "-" + PrintNumber(-value) : PrintNumber(value);
    }
    default: return PrintNumber(operation.*operand.field);
  }
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

const OperationRow* RowNamed(std::string_view word) {
  for (const OperationRow& row : kOperationTable) {
    if (word == row.word) return &row;
  }
  return nullptr;
}

std::optional<model::Option> ParseOption(std::string_view word) {
  for (int option = 0; option < model::kOptionCount; ++option) {
    if (word == model::NameOf(static_cast<model::Option>(option))) return static_cast<model::Option>(option);
  }
  return std::nullopt;
}

std::optional<Content> ParseContent(std::string_view word) {
  for (int content = 0; content < kContents; ++content) {
    if (word == NameOf(static_cast<Content>(content))) return static_cast<Content>(content);
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
  Parser(bool is_version_2, Case* c, ParseError* error) : is_version_2_(is_version_2), case_(c), error_(error) {}

  bool ParseLine(int number, std::string_view line) {
    line_ = number;
    words_ = Words(line);
    next_ = 0;
    if (words_.empty()) return true;
    if (words_[0] == "kernel") return ParseKernel();
    operation_ = Operation{};
    if (!ParseThread() || !ParseOperation()) return false;
    if (next_ != words_.size()) return Fail("has '" + std::string(words_[next_]) + "' too much");
    if (ConcernsContent(operation_) && !RequireVersion2("what is written into a block")) return false;
    case_->operations.push_back(operation_);
    return true;
  }

 private:
  bool RequireVersion2(const char* what) {
    return is_version_2_ ||
           Fail(std::string("says ") + what + ", for which the first line must be '" + std::string(kHeader2) + "'");
  }

  bool Fail(std::string message) {
    error_->line = line_;
    error_->message = "this line " + std::move(message);
    return false;
  }

  std::string_view Next() { return next_ < words_.size() ? words_[next_++] : std::string_view(); }

  bool ParseKernel() {
    if (!case_->operations.empty()) return Fail("says what the kernel does, which belongs before the first operation");
    for (next_ = 1; next_ < words_.size(); ++next_) {
      const std::string_view word = words_[next_];
      if (!ParseEnvironmentWord(word, &case_->environment)) {
        return Fail("has '" + std::string(word) + "' where refuse=CALL@N, refuse=CALL@N+, gap=BYTES, room=BYTES or runtime=cxx belongs");
      }
    }
    if (case_->environment.has_cxx_runtime) return RequireVersion2("that there is a C++ runtime");
    return true;
  }

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
    const OperationRow* const row = RowNamed(word);
    if (row == nullptr || (assigns && !row->IsCall())) {
      return Fail("has '" + std::string(word) + "' where an operation belongs");
    }
    if (assigns && !row->Assigns()) return Fail("assigns the result of " + std::string(word));
    operation_.kind = row->kind;
    operation_.entry = row->entry;
    if (row->kind == OperationKind::kThreadExit && operation_.thread == 0) {
      return Fail("ends thread t0, which lives as long as the process");
    }
    for (const Operand& operand : row->Operands()) {
      if (!ParseOperand(operand)) return false;
    }
    // The target last: in `b = realloc a 8` slots are numbered in reading order of use, a before b.
    if (assigns) operation_.result = SlotNamed(target);
    return true;
  }

  bool ParseOperand(const Operand& operand) {
    switch (operand.form) {
      case Form::kSlot: return ParseSlot(&operation_.argument);
      case Form::kTarget: return ParseSlot(&operation_.result);
      case Form::kContentIfAny: return next_ == words_.size() || ParseContentWord();
      case Form::kContent: return ParseContentWord();
      case Form::kOption: {
        const std::string_view word = Next();
        const auto option = ParseOption(word);
        if (!option) return Fail("has '" + std::string(word) + "' where a parameter of mallopt belongs");
        operation_.option = *option;
        return true;
      }
      case Form::kCallType: {
        const std::string_view word = Next();
        const auto type = ParseCallType(word);
        if (!type) return Fail("has '" + std::string(word) + "' where a type of kernel call belongs, or any");
        operation_.call_type = static_cast<std::uint8_t>(*type);
        return true;
      }
      case Form::kSigned: {
        const bool is_negative = next_ < words_.size() && words_[next_].starts_with('-');
        if (is_negative) words_[next_].remove_prefix(1);
        if (!ParseArgument(operand)) return false;
        if (is_negative) operation_.*operand.field = -(operation_.*operand.field);
        return true;
      }
      case Form::kInt:
        return ParseArgument(operand) && (operation_.*operand.field <= INT32_MAX ||
                                          Fail("has a value that is no int, which mallopt takes"));
      case Form::kNumber: return ParseArgument(operand);
    }
    return false;
  }

  bool ParseSlot(Slot* slot) {
    const std::string_view word = Next();
    if (word == kNull) return true;
    if (!IsName(word)) return Fail("needs a slot name, but has '" + std::string(word) + "'");
    *slot = SlotNamed(word);
    return true;
  }

  bool ParseContentWord() {
    const std::string_view word = Next();
    const auto content = ParseContent(word);
    if (word.empty()) return Fail("does not say what is written");
    if (!content) return Fail("has '" + std::string(word) + "' too much, which is nothing that can be written");
    operation_.content = *content;
    return true;
  }

  bool ParseArgument(const Operand& operand) {
    const std::string_view word = Next();
    const auto number = ParseNumber(word);
    if (!number) return Fail("needs " + std::string(operand.what) + ", but has '" + std::string(word) + "'");
    operation_.*operand.field = *number;
    return true;
  }

  Slot SlotNamed(std::string_view name) {
    const auto [slot, is_new] =
        slots_.try_emplace(std::string(name), static_cast<Slot>(case_->slot_names.size()));
    if (is_new) case_->slot_names.emplace_back(name);
    return slot->second;
  }

  bool is_version_2_;
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
  const OperationRow& row = RowOf(operation);
  std::string text = "t" + std::to_string(operation.thread) + "  ";
  if (row.Assigns() && operation.result != kNullSlot) text += PrintSlot(operation.result, slot_names) + " = ";
  text += row.word;
  for (const Operand& operand : row.Operands()) {
    const std::string word = PrintOperand(operand, operation, slot_names);
    if (!word.empty()) text += " " + word;
  }
  return text;
}

std::string PrintCase(const Case& c) {
  const bool is_version_2 = c.environment.has_cxx_runtime || std::ranges::any_of(c.operations, ConcernsContent);
  std::string text = std::string(is_version_2 ? kHeader2 : kHeader) + "\n";
  for (const std::string& note : c.notes) text += note.empty() ? "#\n" : "# " + note + "\n";
  if (!c.environment.IsPlain()) text += PrintEnvironment(c.environment) + "\n";
  for (const Operation& operation : c.operations) {
    text += PrintOperation(operation, c.slot_names) + "\n";
  }
  return text;
}

bool ParseCase(std::string_view text, Case* c, ParseError* error) {
  *c = Case{};
  const std::string_view header = TakeLine(&text);
  if (header != kHeader && header != kHeader2) {
    *error = {1, "the first line must be '" + std::string(kHeader) + "' or '" + std::string(kHeader2) + "'"};
    return false;
  }
  Parser parser(header == kHeader2, c, error);
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
