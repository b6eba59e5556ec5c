#include "tools/case_subject.h"

#include <cstdlib>

#include "harness/search/campaign/subject_facts.h"
#include "harness/explain/library_trace.h"
#include "harness/explain/production_trace.h"
#include "harness/judge/kernel_watch.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

using harness::Case;
using harness::Judgement;
using harness::Trace;

class LibrarySubject : public CaseSubject {
 public:
  LibrarySubject(const std::string& library, const std::filesystem::path& scratch, std::chrono::milliseconds hang_limit)
      : settings_(PrepareRun(library, scratch)) {
    settings_.hang_limit = hang_limit;
    profile_ = harness::Probe(settings_);
    runner_ = std::make_unique<harness::CaseRunner>(settings_, "case");
  }

  Judgement Judge(const Case& c) override {
    const harness::RunResult run = runner_->Run(c);
    Judgement judgement =
        harness::JudgeWatched(c, runner_->journal().outcomes(), runner_->kernel_log(), run, profile_.facts);
    harness::AddForeignEntries(c, profile_.own_entries, &judgement);
    return judgement;
  }

  Trace Watch(const Case& c) override { return harness::TraceLibrary(c, profile_, runner_.get()); }

  Trace WatchUntil(const Case& c, std::uint32_t last) override {
    return harness::TraceLibraryUntil(c, last, profile_, runner_.get());
  }

  std::string name() const override { return profile_.library; }
  bool has_usable_size() const override { return profile_.facts.has_usable_size; }
  std::string label() const override {
    return std::filesystem::path(profile_.library).filename().string() + " " + profile_.hash;
  }
  std::string library() const override { return settings_.subject.library.string(); }
  std::string build() const override { return ""; }

 private:
  harness::RunSettings settings_;
  harness::SubjectProfile profile_;
  std::unique_ptr<harness::CaseRunner> runner_;
};

class ProductionSubject : public CaseSubject {
 public:
  ProductionSubject(const std::filesystem::path& scratch, std::chrono::milliseconds hang_limit)
      : tracer_(scratch, hang_limit) {}

  Judgement Judge(const Case& c) override { return tracer_.Judge(c); }
  Trace Watch(const Case& c) override { return tracer_.Watch(c); }
  Trace WatchUntil(const Case& c, std::uint32_t last) override { return tracer_.WatchUntil(c, last); }
  std::string name() const override { return "the production allocator"; }
  bool has_usable_size() const override { return true; }
  std::string label() const override { return "the production allocator on the simulated kernel"; }
  // The same allocator as a program can have it.
  std::string library() const override {
    const char* const workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    return (workspace != nullptr ? std::string(workspace) + "/" : "") + "bazel-bin/allocator/libbreakproof.so";
  }
  std::string build() const override { return "bazel build //allocator:libbreakproof.so && "; }

 private:
  harness::ProductionTracer tracer_;
};

}  // namespace

void AddSubjectFlags(CLI::App& command, SubjectFlags* flags) {
  command.add_option("--library", flags->library, "Shared library with the malloc family (default: the system's malloc)");
  command.add_flag("--production", flags->is_production, "The production allocator, on the simulated kernel")
      ->excludes("--library");
}

std::unique_ptr<CaseSubject> MakeSubject(const SubjectFlags& flags, const std::filesystem::path& scratch,
                                         std::chrono::milliseconds hang_limit) {
  if (flags.is_production) return std::make_unique<ProductionSubject>(scratch, hang_limit);
  return std::make_unique<LibrarySubject>(flags.library, scratch, hang_limit);
}

}  // namespace breakproof::tools
