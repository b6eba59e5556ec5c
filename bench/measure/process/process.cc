#include "bench/measure/process/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bench/measure/process/instruction_counter.h"
#include "bench/measure/process/resident.h"
#include "harness/support/could_not_run.h"

namespace breakproof::bench {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void CannotPrepare() {
  throw harness::CouldNotRun(std::string("cannot prepare a process: ") + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  void Close() { Reset(-1); }
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) CannotPrepare();
    reader.Reset(ends[0]);
    writer.Reset(ends[1]);
  }

  // Until every copy of the writer is closed.
  void WaitForEnd() const {
    char byte;
    while (read(reader.get(), &byte, 1) < 0 && errno == EINTR) {
    }
  }

  Descriptor reader, writer;
};

// A file of its own: a pipe would block a process that says a lot.
std::string Contents(int fd) {
  std::string text(4096, '\0');
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return text;
}

[[noreturn]] void BecomeWorkload(const Command& command, const Subject& subject) {
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string preload = "LD_PRELOAD=" + subject.library.string();
  char* environment[] = {subject.library.empty() ? nullptr : preload.data(), nullptr};
  execve(arguments[0], arguments.data(), environment);
  _exit(127);
}

// Until the process ends or the limit passes; true if it ended.
bool Watch(int process, pid_t id, Clock::time_point deadline, ResidentSampler* sampler) {
  for (;;) {
    pollfd event = {process, POLLIN, 0};
    const timespec millisecond = {0, 1000000};
    if (ppoll(&event, 1, &millisecond, nullptr) > 0) return true;
    sampler->Sample();
    if (Clock::now() > deadline) {
      kill(id, SIGKILL);
      return false;
    }
  }
}

double Seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); }

std::string Field(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name + "=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 1;
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

bool IsSameFile(const std::string& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error);
}

// Without its full stop: it is quoted within a sentence.
std::string FirstLine(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  return line.ends_with('.') ? line.substr(0, line.size() - 1) : line;
}

std::string FailureOf(int status, bool ended, const std::string& out, const std::string& err, const Subject& subject) {
  const std::string said = err.empty() ? "" : "; it said: " + FirstLine(err);
  if (!ended) return "did not end in time" + said;
  if (WIFSIGNALED(status)) return std::string("killed by ") + strsignal(WTERMSIG(status)) + said;
  if (WEXITSTATUS(status) != 0) return "exit code " + std::to_string(WEXITSTATUS(status)) + said;
  const std::string provider = Field(out, "malloc_from");
  if (provider.empty()) return "did not report its end" + said;
  if (!subject.library.empty() && !IsSameFile(provider, subject.library)) {
    return "is not an allocator, or could not be loaded: malloc came from " + provider + said;
  }
  return "";
}

}  // namespace

ProcessResult Run(const Command& command, const Subject& subject) {
  const Descriptor out(memfd_create("out", MFD_CLOEXEC)), err(memfd_create("err", MFD_CLOEXEC));
  if (out.get() < 0 || err.get() < 0) CannotPrepare();
  Pipe go, executed;
  const pid_t id = fork();
  if (id < 0) throw harness::CouldNotRun(std::string("cannot start a process: ") + std::strerror(errno));
  if (id == 0) {
    // Ctrl-C is for us, who then end in order; a workload that it killed would pass for a crash.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out.get(), STDOUT_FILENO);
    dup2(err.get(), STDERR_FILENO);
    go.writer.Close();
    go.WaitForEnd();
    BecomeWorkload(command, subject);
  }
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, id, 0)));
  if (process.get() < 0) CannotPrepare();
  const InstructionCounter instructions(id);
  executed.writer.Close();

  const Clock::time_point start = Clock::now();
  go.writer.Close();
  // Closed by exec: from here on its memory is the workload's and no longer a copy of ours.
  executed.WaitForEnd();
  ResidentSampler sampler(id);
  const bool ended = Watch(process.get(), id, start + command.limit, &sampler);
  int status = 0;
  rusage usage = {};
  while (wait4(id, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  const Clock::time_point end = Clock::now();

  const std::string text = Contents(out.get());
  ProcessResult result;
  result.said = Contents(err.get());
  result.failure = FailureOf(status, ended, text, result.said, subject);
  if (!result.failure.empty()) return result;
  result.checksum = Field(text, "checksum");
  Observation& seen = result.observation;
  seen[Metric::kWall] = std::chrono::duration<double>(end - start).count();
  seen[Metric::kCpu] = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  seen[Metric::kPeak] = std::max(1024 * std::atof(Field(text, "peak_kib").c_str()), sampler.Peak());
  seen[Metric::kAverage] = sampler.Average();
  seen[Metric::kFaults] = static_cast<double>(usage.ru_minflt + usage.ru_majflt);
  seen[Metric::kInstructions] = instructions.Count();
  return result;
}

}  // namespace breakproof::bench
