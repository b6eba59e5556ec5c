// A shared library in worker processes, judged by the heap model and by what it asks of the kernel: for allocators that
// cannot be built into a fuzz target, and for what only a process of its own shows, such as a fork that hangs.
//
// BREAKPROOF_LIBRARY names the library; it is libbreakproof.so as it ships without it, and the system's malloc if it is
// empty. A worker's crash is a finding, with its case as text, not a crash of this process.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "fuzz/fail.h"
#include "fuzz/guidance/guidance.h"
#include "harness/search/campaign/subject_facts.h"
#include "harness/case/case_binary.h"
#include "harness/judge/kernel_watch.h"
#include "harness/worker/outside/within_reach.h"
#include "harness/support/could_not_run.h"
#include "tools/cpp/runfiles/runfiles.h"

using namespace breakproof;

namespace {

namespace fs = std::filesystem;

fs::path Resource(const std::string& workspace_path) {
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  static const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(fs::read_symlink("/proc/self/exe").string(), &error));
  const fs::path path = runfiles ? runfiles->Rlocation("breakproof/" + workspace_path) : "";
  if (!fs::exists(path)) throw harness::CouldNotRun("cannot find its own file " + workspace_path + "; start it with bazel run");
  return path;
}

fs::path Library() {
  const char* const library = std::getenv("BREAKPROOF_LIBRARY");
  if (library == nullptr) return Resource("allocator/libbreakproof.so");
  if (*library == '\0') return "";
  const char* const caller = std::getenv("BUILD_WORKING_DIRECTORY");  // `bazel run` changes folders
  return fs::absolute(fs::path(caller != nullptr ? caller : ".") / library).lexically_normal();
}

// For the journal. The engine ends the process without destructors, hence the name that says whose it is.
fs::path Folder() {
  std::string name = (fs::temp_directory_path() / "breakproof-fuzz-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw harness::CouldNotRun("cannot make a folder for journals; set TMPDIR to one you can write to");
  return name;
}

class LibraryInWorkers {
 public:
  LibraryInWorkers() {
    settings_.subject.library = Library();
    settings_.worker = Resource("harness/worker/inside/worker");
    settings_.folder = Folder();
    settings_.hang_limit = std::chrono::milliseconds(1000);
    profile_ = harness::Probe(settings_);
    runner_ = std::make_unique<harness::CaseRunner>(settings_, "fuzz");
    // The journal is held by its descriptor; whatever ends this process then leaves nothing behind.
    std::error_code ignored;
    fs::remove_all(settings_.folder, ignored);
  }

  harness::Judgement Run(const harness::Case& c) {
    const harness::RunResult run = runner_->Run(c);
    const harness::KernelLog log = runner_->kernel_log();
    Guide(c, log);
    harness::Judgement judgement = harness::JudgeWatched(c, runner_->journal().outcomes(), log, run, profile_.facts);
    harness::AddForeignEntries(c, profile_.own_entries, &judgement);
    return judgement;
  }

  const harness::SubjectProfile& profile() const { return profile_; }

 private:
  void Guide(const harness::Case& c, const harness::KernelLog& log) {
    guidance_.CaseBegins();
    auto call = log.calls.begin();
    for (std::size_t i = 0; i < c.operations.size(); ++i) {
      const harness::Outcome& outcome = runner_->journal().outcomes()[i];
      if (outcome.stage == harness::Stage::kNotStarted) return;
      std::uint64_t calls = 0;
      for (; call != log.calls.end() && call->operation == i; ++call) ++calls;
      guidance_.Saw({.operation = c.operations[i], .outcome = outcome, .kernel_calls = calls});
    }
  }

  harness::RunSettings settings_;
  harness::SubjectProfile profile_;
  std::unique_ptr<harness::CaseRunner> runner_;
  fuzz::Guidance guidance_;
};

LibraryInWorkers& Subject() {
  try {
    static LibraryInWorkers subject;
    return subject;
  } catch (const harness::CouldNotRun& problem) {
    std::fprintf(stderr, "library_fuzz_test: %s\n", problem.what());
    std::_Exit(11);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  LibraryInWorkers& subject = Subject();
  harness::Case c = harness::WithOnly(subject.profile().own_entries, WithFinalCheck(harness::DecodeCase(data, size)));
  c = harness::WithinReach(std::move(c));
  try {
    fuzz::FailOnViolation(c, subject.Run(c));
  } catch (const harness::CouldNotRun& problem) {  // no finding about the library
    std::fprintf(stderr, "library_fuzz_test: %s\n", problem.what());
  }
  return 0;
}
