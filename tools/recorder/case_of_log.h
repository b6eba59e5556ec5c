// Turns a recorder's log into a case.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/case/case.h"

namespace breakproof::tools {

struct Recording {
  std::string program;        // short name
  harness::Case c;
  bool is_complete = true;    // false: the limit was reached, the case is the beginning
};

// Nothing if the bytes are no log, or hold no operation. Threads beyond the sixteenth share names.
std::optional<Recording> CaseOfLog(std::string_view bytes);

}  // namespace breakproof::tools
