// A case as a C program that shows the failure without breakproof: it needs a C compiler and the library.
#pragma once

#include <string>

#include "harness/case/case.h"
#include "harness/judge/judge.h"

namespace breakproof::harness {

struct CProgramSettings {
  std::string name;      // of the program, without ".c"
  std::string library;   // path for LD_PRELOAD; empty: the system's malloc
  std::string subject;   // for people
  bool has_usable_size = true;
  std::string kernel_calls;  // of the guilty operation (Trace::kernel_calls): what breaks a rule of policy
};

// The program performs the operations in their order, on threads of its own that take turns, fills every block
// with a pattern, looks at every byte, and checks what each call owes. It exits with 1 and prints expected and
// actual at the first broken rule, with 0 if every check held. Its head comment has the line that compiles and
// runs it. Every rule has a program. One about the inside of the allocator (H10, H11) shows as far as something follows
// from it: what mallinfo2 says, memory lost or handed out twice when the case is done over and over.
std::string EmitCProgram(const Case& c, const CaseViolation& violation, const CProgramSettings& settings);

// What that line tells the compiler behind the program's file; mostly empty.
std::string LinkOptions(const Case& c);

}  // namespace breakproof::harness
