#include "tools/settings.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "harness/case/case_text.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "harness/worker/outside/journal.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace breakproof::tools {

using harness::CouldNotRun;
namespace fs = std::filesystem;

std::atomic<bool> stop_requested = false;

namespace {

extern "C" void RequestStop(int signal_number) {
  // The second Ctrl-C is for whoever does not want to wait.
  if (stop_requested.exchange(true)) {
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  }
}

// Held until the process ends; two runs in one folder would overwrite each other's journals.
void LockFolder(const fs::path& folder) {
  const int fd = open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw CouldNotRun("cannot write in " + folder.string() + ": " + harness::ExplainErrno(errno));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    throw CouldNotRun("another breakproof is running in " + folder.string() +
                      "; wait for it or name another folder with --out");
  }
}

void RecoverJournals(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".journal") continue;
    // Probes and minimisation steps can be had again; what a lane was performing cannot.
    const bool is_lane = entry.path().filename().string().starts_with("lane-");
    if (const auto c = is_lane ? harness::CaseOfJournal(harness::ReadWholeFile(entry.path())) : std::nullopt) {
      fs::path kept = entry.path();
      for (int n = 1; fs::exists(kept.replace_filename("killed-" + std::to_string(n) + ".case")); ++n) {
      }
      harness::WriteDurably(kept, harness::PrintCase(*c));
      std::fprintf(stderr, "breakproof: an earlier run was killed; what it was performing is kept as %s\n",
                   kept.c_str());
    }
    fs::remove(entry.path());
  }
}

}  // namespace

void InstallStopHandler() {
  struct sigaction action = {};
  action.sa_handler = RequestStop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A limit on file size must be an error that is reported, not the end.
  signal(SIGXFSZ, SIG_IGN);
}

fs::path FromCaller(const fs::path& path) {
  const char* const caller = std::getenv("BUILD_WORKING_DIRECTORY");
  if (path.is_absolute()) return path;
  return (caller != nullptr ? fs::path(caller) : fs::current_path()) / path;
}

fs::path Resource(const std::string& workspace_path) {
  using bazel::tools::cpp::runfiles::Runfiles;
  std::string error;
  const std::string program = fs::read_symlink("/proc/self/exe").string();
  static const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(program, &error));
  const std::string path = runfiles ? runfiles->Rlocation("breakproof/" + workspace_path) : "";
  if (path.empty() || !fs::exists(path)) {
    throw CouldNotRun("cannot find its own file " + workspace_path +
                      "; start it with: bazel run //tools:breakproof");
  }
  return path;
}

harness::RunSettings PrepareRun(const std::string& library, const fs::path& folder) {
  harness::RunSettings settings;
  settings.worker = Resource("harness/worker/inside/worker");
  if (!library.empty()) settings.subject.library = FromCaller(library).lexically_normal();
  settings.folder = FromCaller(folder).lexically_normal();
  harness::MakeFolder(settings.folder);
  LockFolder(settings.folder);
  RecoverJournals(settings.folder);
  return settings;
}

}  // namespace breakproof::tools
