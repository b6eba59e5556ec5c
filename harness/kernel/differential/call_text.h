// Calls as text, one a line; what formats parses back to the same call.
//
//   # breakproof kernel calls v1
//   mmap w+0x3000 0x2000 rw- private|anonymous|fixed -1 0x0
//   brk w+0x8010
//
// Addresses are relative to the window (w+0x3000) where they lie in or near it. Numbers are hexadecimal or
// decimal. Lines that are empty or start with # are skipped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/kernel/kernel.h"

namespace breakproof::harness {

std::string FormatAddress(model::Word address, const model::Machine& machine);
std::string FormatCall(const model::Call& call, const model::Machine& machine);
std::string FormatCalls(const std::vector<model::Call>& calls, const model::Machine& machine);

// On a syntax error: no value, and `error` names the line.
std::optional<std::vector<model::Call>> ParseCalls(const std::string& text, const model::Machine& machine,
                                                   std::string& error);

}  // namespace breakproof::harness
