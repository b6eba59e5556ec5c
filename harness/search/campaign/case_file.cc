#include "harness/search/campaign/case_file.h"

#include <cstdio>

#include "harness/case/case_text.h"
#include "harness/case/operation/operation_table.h"

namespace breakproof::harness {

std::string KindName(const Operation& operation) { return RowOf(operation).word; }

std::string ShortHash(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return std::string(digits, 8);
}

Case UpTo(const Case& c, std::size_t index) {
  Case cut = c;
  cut.operations.resize(index + 1);
  return WithFreshNames(cut);
}

Case Annotated(const Case& c, const CaseViolation& violation, const std::string& subject) {
  const model::RuleText& text = model::TextOf(violation.what.rule);
  Case annotated = c;
  annotated.notes = {
      "rule " + std::string(text.id) + ": " + std::string(text.title),
      "broken by operation " + std::to_string(violation.operation + 1) + ": " +
          PrintOperation(c.operations.at(violation.operation), c.slot_names),
      "expected: " + violation.what.expected,
      "actual:   " + violation.what.actual,
      "library:  " + subject,
  };
  // What was found once and made small keeps its first origin.
  for (const std::string& note : c.notes) {
    if (note.starts_with("from:     ")) return annotated.notes.push_back(note), annotated;
  }
  if (!c.notes.empty() && !c.notes.front().starts_with("rule ")) annotated.notes.push_back("from:     " + c.notes.front());
  return annotated;
}

std::string StableName(const Case& c, const CaseViolation& violation) {
  Case plain = WithFreshNames(c);
  plain.notes.clear();
  return std::string(model::TextOf(violation.what.rule).id) + "-" + KindName(c.operations.at(violation.operation)) +
         "-" + ShortHash(PrintCase(plain));
}

}  // namespace breakproof::harness
