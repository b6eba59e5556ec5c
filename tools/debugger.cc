#include "tools/debugger.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "harness/case/case_text.h"
#include "harness/worker/outside/call_log.h"
#include "harness/support/could_not_run.h"
#include "harness/worker/outside/journal.h"
#include "tools/settings.h"

namespace breakproof::tools {
namespace {

// gdb's words for: run the worker as replay does, and stop where it announces the operation.
std::vector<std::string> GdbArguments(const std::string& worker, const std::string& library, int journal,
                                      const std::string& log, const std::string& operation) {
  std::vector<std::string> arguments = {"gdb", "-q"};
  const auto command = [&](const std::string& text) { arguments.insert(arguments.end(), {"-ex", text}); };
  command("set startup-with-shell off");  // the allocator is preloaded into the worker, not into a shell
  command("set debuginfod enabled off");
  command("set environment LD_BIND_NOW 1");
  if (!library.empty()) command("set environment LD_PRELOAD " + library);
  command("handle SIGSYS nostop noprint pass");  // how refused kernel calls are intercepted
  command("set breakpoint pending on");
  command("tbreak breakproof_guilty_is_next");
  command("run");
  command("up");
  command("echo \\nnext: " + operation + "\\n'finish' steps out, then 'step' into the operation; 'continue' performs it.\\n");
  arguments.insert(arguments.end(), {"--args", worker, std::to_string(journal)});
  if (!log.empty()) arguments.push_back(log);
  return arguments;
}

}  // namespace

int RunInDebugger(const harness::Case& c, std::uint32_t index, const SubjectFlags& subject,
                  const std::filesystem::path& scratch) {
  harness::Journal journal(scratch / "gdb.journal", static_cast<std::uint32_t>(c.operations.size()));
  journal.Prepare(c);
  journal.Announce(index);
  const std::string library = subject.library.empty() ? "" : FromCaller(subject.library).lexically_normal().string();
  const std::string operation = harness::PrintOperation(c.operations[index], c.slot_names);
  constexpr int kJournal = 3;
  constexpr int kLog = 4;
  harness::CallLog log(1024);
  log.Prepare();
  log.Obey(c.environment);
  std::vector<std::string> arguments =
      GdbArguments(Resource("harness/worker/inside/worker"), library, kJournal, std::to_string(kLog), operation);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::fflush(stdout);
  signal(SIGINT, SIG_IGN);  // Ctrl-C is for gdb
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    // On a number of its own, and not closed by exec: gdb hands it on to the worker.
    const int aside = fcntl(journal.descriptor(), F_DUPFD, 10);
    const int log_aside = fcntl(log.descriptor(), F_DUPFD, 10);
    if (dup2(aside, kJournal) >= 0 && dup2(log_aside, kLog) >= 0) execvp("gdb", pointers.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    throw harness::CouldNotRun("gdb is not installed; install it (apt-get install gdb) or leave out --gdb");
  }
  return kHeld;
}

}  // namespace breakproof::tools
