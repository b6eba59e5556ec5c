#include "harness/worker/outside/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

using Clock = std::chrono::steady_clock;

// In the worker.
constexpr int kJournalDescriptor = 3;
constexpr int kLogDescriptor = 4;
constexpr int kNoDescriptor = -1;

// The worker's environment: ours, but for what would load something else into it.
std::vector<std::string> WorkerEnvironment(const Subject& subject) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("LD_PRELOAD=") && !text.starts_with("LD_BIND_NOW=")) variables.emplace_back(text);
  }
  // Bound at start: lazy binding would run the dynamic linker inside the first calls.
  variables.push_back("LD_BIND_NOW=1");
  const std::string runtime = subject.has_cxx_runtime ? ":libstdc++.so.6" : "";
  if (!subject.library.empty()) variables.push_back("LD_PRELOAD=" + subject.library.string() + runtime);
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec. Gives both their numbers and closes the rest; false if that fails.
bool ArrangeDescriptors(int journal, int log) {
  constexpr int kAside = 10;  // out of the way first: either may have the other's number
  journal = fcntl(journal, F_DUPFD, kAside);
  if (log != kNoDescriptor) log = fcntl(log, F_DUPFD, kAside);
  if (dup2(journal, kJournalDescriptor) < 0) return false;
  if (log != kNoDescriptor && dup2(log, kLogDescriptor) < 0) return false;
  const int last = log != kNoDescriptor ? kLogDescriptor : kJournalDescriptor;
  syscall(SYS_close_range, last + 1, ~0u, 0);
  return true;
}

// Between fork and exec: system calls only.
[[noreturn]] void BecomeWorker(const char* program, char* const* arguments, char* const* environment,
                               int journal, int log, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent died before the line above took effect
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);  // Ctrl-C is for the command, which ends the worker when it is ready to
  // Same addresses in every run, where the kernel lets us; containers may refuse.
  const int persona = personality(0xffffffff);
  if (persona >= 0) personality(static_cast<unsigned long>(persona) | ADDR_NO_RANDOMIZE);
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int score = open("/proc/self/oom_score_adj", O_WRONLY);
  if (score >= 0 && write(score, "1000", 4) == 4) close(score);  // the leak is the subject's: so is the end
  const int null = open("/dev/null", O_RDONLY);
  if (dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(1);
  if (!ArrangeDescriptors(journal, log)) _exit(1);
  execve(program, arguments, environment);
  _exit(127);
}

// Fields of /proc/PID/stat behind the name, which may hold anything: state first.
std::vector<std::string> StatusFields(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  return {std::istream_iterator<std::string>(fields), {}};
}

// Any of its threads.
bool IsRunnable(pid_t pid) {
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    const auto fields = StatusFields(static_cast<pid_t>(std::atoi(thread.path().filename().c_str())));
    if (!fields.empty() && fields[0] == "R") return true;
  }
  return false;
}

std::chrono::milliseconds ProcessorTime(pid_t pid) {
  constexpr std::size_t kUser = 11, kSystem = 12;
  const auto fields = StatusFields(pid);
  if (fields.size() <= kSystem) return {};
  const long ticks = std::atol(fields[kUser].c_str()) + std::atol(fields[kSystem].c_str());
  return std::chrono::milliseconds(ticks * 1000 / sysconf(_SC_CLK_TCK));
}

std::string LastLines(int memory_file) {
  constexpr off_t kMost = 1000;
  const off_t size = lseek(memory_file, 0, SEEK_END);
  if (size <= 0) return {};
  std::string text(static_cast<std::size_t>(std::min(size, kMost)), '\0');
  const ssize_t got = pread(memory_file, text.data(), text.size(), std::max<off_t>(size - kMost, 0));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

}  // namespace

WorkerProcess::WorkerProcess(const std::filesystem::path& worker, const Subject& subject,
                             const Journal& journal, std::chrono::milliseconds hang_limit,
                             const CallLog* log)
    : journal_(journal), hang_limit_(hang_limit), last_change_(Clock::now()) {
  output_ = memfd_create("subject-output", MFD_CLOEXEC);
  std::vector<std::string> arguments = {worker.string(), std::to_string(kJournalDescriptor)};
  if (log != nullptr) arguments.push_back(std::to_string(kLogDescriptor));
  std::vector<std::string> environment = WorkerEnvironment(subject);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    BecomeWorker(worker.c_str(), argument_pointers.data(), environment_pointers.data(),
                 journal.descriptor(), log != nullptr ? log->descriptor() : kNoDescriptor, output_, parent);
  }
  if (pid_ < 0) throw CouldNotRun(std::string("cannot start a worker process: ") + std::strerror(errno));
  pid_descriptor_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (pid_descriptor_ >= 0) close(pid_descriptor_);
  if (output_ >= 0) close(output_);
}

std::optional<RunResult> WorkerProcess::Await(std::chrono::milliseconds patience) {
  const auto give_up = Clock::now() + patience;
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      return Collect(status);
    }
    if (IsHung()) {
      was_killed_for_hanging_ = true;
      kill(pid_, SIGKILL);
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd ready = {pid_descriptor_, POLLIN, 0};
    const auto slice = std::min<std::int64_t>(left.count(), 50);
    if (poll(&ready, 1, static_cast<int>(slice)) < 0 && errno == EINTR) return std::nullopt;
  }
}

bool WorkerProcess::IsHung() {
  const std::uint32_t progress = journal_.header().progress;
  const bool has_begun = journal_.header().state != WorkerState::kPrepared;
  const auto now = Clock::now();
  if (progress != last_progress_ || has_begun != has_begun_) {
    last_progress_ = progress;
    has_begun_ = has_begun;
    last_change_ = now;
  }
  // A busy machine may take its time to start a process, which is no operation yet.
  constexpr std::chrono::milliseconds kStartLimit{10000};
  const auto limit = has_begun ? hang_limit_ : std::max(hang_limit_, kStartLimit);
  if (was_killed_for_hanging_ || now - last_change_ <= limit) return false;
  // What waits for its turn on a busy machine is no hang; what computes for as long as that is one.
  if (!IsRunnable(pid_)) return true;
  const std::chrono::milliseconds used = ProcessorTime(pid_);
  if (last_progress_ != overdue_since_) overdue_since_ = last_progress_, used_before_ = used;
  return used - used_before_ >= limit / 2;
}

RunResult WorkerProcess::Collect(int wait_status) {
  RunResult result;
  result.output = LastLines(output_);
  const WorkerState state = journal_.header().state;
  if (state == WorkerState::kFinished) {
    result.end = RunEnd::kFinished;
  } else if (state == WorkerState::kNoThread) {
    result.end = RunEnd::kNoThread;
  } else if (was_killed_for_hanging_) {
    result.end = RunEnd::kHung;
  } else if (state == WorkerState::kPrepared) {
    result.end = RunEnd::kNeverRan;
  } else {
    result.end = WIFSIGNALED(wait_status) ? RunEnd::kCrashed : RunEnd::kExited;
  }
  if (WIFSIGNALED(wait_status)) result.signal = WTERMSIG(wait_status);
  if (WIFEXITED(wait_status)) result.exit_code = WEXITSTATUS(wait_status);
  return result;
}

}  // namespace breakproof::harness
