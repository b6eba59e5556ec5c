// The parser of cases: any text is a case or one clear error, and what parses prints and parses back.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/case/case_text.h"

using namespace breakproof;

namespace {

void Require(bool holds, const char* what, const std::string& text) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  harness::Case c;
  harness::ParseError error;
  if (!harness::ParseCase(text, &c, &error)) {
    Require(error.line >= 1 && !error.message.empty(), "an error without line or message", std::string(text));
    return 0;
  }
  const std::string printed = harness::PrintCase(c);
  harness::Case again;
  Require(harness::ParseCase(printed, &again, &error), "printed, but not parsed back", printed);
  Require(again == c, "parsed back as another case", printed);
  return 0;
}
