// The allocator that a command's flags name, and cases on it: what replay, minimize, emit and report share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "harness/explain/trace.h"
#include "harness/worker/outside/case_runner.h"
#include "tools/case_input.h"

namespace breakproof::tools {

struct SubjectFlags {
  std::string library;
  bool is_production = false;
};

// --library and --production.
void AddSubjectFlags(CLI::App& command, SubjectFlags* flags);

inline KernelOfCase KernelOf(const SubjectFlags& flags) {
  return flags.is_production ? KernelOfCase::kSimulated : KernelOfCase::kReal;
}

class CaseSubject {
 public:
  virtual ~CaseSubject() = default;

  // Throw CouldNotRun.
  virtual harness::Judgement Judge(const harness::Case& c) = 0;
  // With the memory after each operation around the guilty one.
  virtual harness::Trace Watch(const harness::Case& c) = 0;
  // Up to the operation with this index.
  virtual harness::Trace WatchUntil(const harness::Case& c, std::uint32_t last) = 0;

  // "the system's malloc", or a path: as a person would name it.
  virtual std::string name() const = 0;
  virtual bool has_usable_size() const = 0;
  // The library's file name and hash: what a case says of where it was seen.
  virtual std::string label() const = 0;
  // Path of the library's file, to preload; empty for the system's malloc.
  virtual std::string library() const = 0;
  // The command that makes that file, with " && " behind it; empty if it is there.
  virtual std::string build() const = 0;
};

// `scratch` is a folder for journals. Throws CouldNotRun if the subject is missing or is no allocator.
std::unique_ptr<CaseSubject> MakeSubject(const SubjectFlags& flags, const std::filesystem::path& scratch,
                                         std::chrono::milliseconds hang_limit);

// How long an operation may take before it is taken for a hang, where it has hung or been fine before.
inline constexpr std::chrono::milliseconds kHangLimit{3000};
inline constexpr std::chrono::milliseconds kHangLimitOfKnown{300};

}  // namespace breakproof::tools
