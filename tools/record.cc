#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "harness/case/case_text.h"
#include "harness/explain/verdict/report.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "tools/commands.h"
#include "tools/recorder/case_of_log.h"
#include "tools/recorder/log_layout.h"
#include "tools/scratch_folder.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

namespace fs = std::filesystem;

struct RecordFlags {
  std::vector<std::string> command;
  std::string out = ".";
  std::uint64_t limit = 20000;
};

// Runs the command with the recorder preloaded; returns its wait status.
int RunRecorded(const RecordFlags& flags, const fs::path& logs) {
  const std::string recorder = Resource("tools/recorder/librecorder.so");
  const char* const others = std::getenv("LD_PRELOAD");
  const std::string preload = recorder + (others != nullptr && *others != '\0' ? ":" + std::string(others) : "");
  std::vector<char*> arguments;
  for (const std::string& word : flags.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (const char* const caller = std::getenv("BUILD_WORKING_DIRECTORY")) {
      if (chdir(caller) != 0) _exit(127);
    }
    setenv("LD_PRELOAD", preload.c_str(), 1);
    setenv(kRecorderFolderVariable, logs.c_str(), 1);
    setenv(kRecorderLimitVariable, std::to_string(flags.limit).c_str(), 1);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// In the order in which the processes started.
std::vector<fs::path> Logs(const fs::path& folder) {
  std::vector<fs::path> logs;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) logs.push_back(entry.path());
  std::sort(logs.begin(), logs.end(), [](const fs::path& a, const fs::path& b) {
    return std::make_pair(fs::last_write_time(a), a) < std::make_pair(fs::last_write_time(b), b);
  });
  return logs;
}

std::size_t WriteCases(const fs::path& logs, const fs::path& out) {
  std::map<std::string, int> numbers;
  std::size_t written = 0;
  for (const fs::path& log : Logs(logs)) {
    auto recording = CaseOfLog(harness::ReadWholeFile(log));
    if (!recording) continue;
    const std::string& program = recording->program;
    recording->c.notes = {"recorded from " + program + (recording->is_complete ? "" : ", its beginning")};
    const fs::path file = out / (program + "-" + std::to_string(++numbers[program]) + ".case");
    harness::WriteDurably(file, harness::PrintCase(recording->c));
    std::printf("%s: %s operations%s\n", file.c_str(),
                harness::WithCommas(recording->c.operations.size()).c_str(),
                recording->is_complete ? "" : " (the limit; --limit raises it)");
    ++written;
  }
  return written;
}

int Record(const RecordFlags& flags) {
  InstallStopHandler();
  const fs::path out = FromCaller(flags.out);
  harness::MakeFolder(out);
  const ScratchFolder logs;
  const int status = RunRecorded(flags, logs.path());
  const std::size_t written = WriteCases(logs.path(), out);
  if (written == 0) {
    const bool missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;
    throw harness::CouldNotRun(
        missing ? "cannot start " + flags.command.front() + "; check its name"
                : flags.command.front() + " left no recording: it is linked statically, allocates nothing, or the disk is full");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "breakproof: note: %s itself failed\n", flags.command.front().c_str());
  }
  return kHeld;
}

}  // namespace

Command AddRecord(CLI::App& command) {
  auto flags = std::make_shared<RecordFlags>();
  command.add_option("--out", flags->out, "Folder for the cases, one a process")->capture_default_str();
  command.add_option("--limit", flags->limit, "Operations a process, from its beginning")
      ->capture_default_str()->check(CLI::Range(1, 100000000));
  command.add_option("COMMAND", flags->command, "The program and its arguments, after --")->required();
  return [flags] { return Record(*flags); };
}

}  // namespace breakproof::tools
