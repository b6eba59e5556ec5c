#include "harness/explain/production_trace.h"

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
#include <cstring>
#include <map>

#include "harness/explain/heap_view.h"
#include "harness/subject/production/simulated_run.h"
#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

constexpr std::uint32_t kCapacity = 8192;  // operations; longer cases make the journal grow

// What the child tells, in a memory file: moments and violations, appended whole. A kill leaves what was there.
class Tape {
 public:
  Tape() : descriptor_(memfd_create("trace", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw CouldNotRun(std::string("no memory file for a trace: ") + std::strerror(errno));
  }
  ~Tape() { close(descriptor_); }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  void Write(const Moment& moment) {
    std::string record;
    Put(moment.performed, &record);
    PutAll(moment.space.regions, &record);
    PutAll(moment.space.resident, &record);
    PutAll(moment.space.spans, &record);
    PutAll(moment.space.free_blocks, &record);
    Append('m', record);
  }

  void Write(const CaseViolation& violation) {
    std::string record;
    Put(violation.operation, &record);
    Put(violation.what.rule, &record);
    PutAll(violation.what.expected, &record);
    PutAll(violation.what.actual, &record);
    Append('v', record);
  }

  // What an operation asked of the kernel.
  void Write(std::uint32_t operation, const std::string& calls) {
    std::string record;
    Put(operation, &record);
    PutAll(calls, &record);
    Append('k', record);
  }

  struct Told {
    std::vector<Moment> moments;
    std::vector<CaseViolation> violations;
    std::map<std::uint32_t, std::string> kernel_calls;  // by operation
  };

  Told Read() {
    Told told;
    std::string all(static_cast<std::size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
    if (pread(descriptor_, all.data(), all.size(), 0) != static_cast<ssize_t>(all.size())) return told;
    std::string_view rest = all;
    while (!rest.empty()) {
      const char kind = rest[0];
      rest.remove_prefix(1);
      const auto length = Get<std::uint64_t>(&rest);
      std::string_view record = rest.substr(0, length);
      if (record.size() < length) return told;  // torn by a kill
      rest.remove_prefix(length);
      if (kind == 'm') {
        Moment& moment = told.moments.emplace_back();
        moment.performed = Get<std::uint32_t>(&record);
        GetAll(&record, &moment.space.regions);
        GetAll(&record, &moment.space.resident);
        GetAll(&record, &moment.space.spans);
        GetAll(&record, &moment.space.free_blocks);
      } else if (kind == 'k') {
        const auto operation = Get<std::uint32_t>(&record);
        GetAll(&record, &told.kernel_calls[operation]);
      } else {
        CaseViolation& violation = told.violations.emplace_back();
        violation.operation = Get<std::size_t>(&record);
        violation.what.rule = Get<model::RuleId>(&record);
        GetAll(&record, &violation.what.expected);
        GetAll(&record, &violation.what.actual);
      }
    }
    return told;
  }

 private:
  void Append(char kind, const std::string& record) {
    std::string framed(1, kind);
    Put(std::uint64_t{record.size()}, &framed);
    framed += record;
    if (write(descriptor_, framed.data(), framed.size()) < 0) _exit(3);
  }

  template <typename T>
  static void Put(const T& value, std::string* to) {
    to->append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <typename Container>
  static void PutAll(const Container& all, std::string* to) {
    Put(std::uint64_t{all.size()}, to);
    to->append(reinterpret_cast<const char*>(all.data()), all.size() * sizeof *all.data());
  }
  template <typename T>
  static T Get(std::string_view* from) {
    T value{};
    if (from->size() < sizeof value) return *from = {}, value;
    std::memcpy(&value, from->data(), sizeof value);
    from->remove_prefix(sizeof value);
    return value;
  }
  template <typename Container>
  static void GetAll(std::string_view* from, Container* all) {
    const auto count = Get<std::uint64_t>(from);
    const std::size_t bytes = count * sizeof *all->data();
    if (bytes > from->size()) return;
    all->resize(count);
    std::memcpy(static_cast<void*>(all->data()), from->data(), bytes);
    from->remove_prefix(bytes);
  }

  int descriptor_;
};

// "brk -139264", as an emitted program prints it as well (harness/explain/emit/kernel.c).
std::string Describe(const LoggedCall& logged) {
  const model::Call& call = logged.call;
  std::string text = NameOfCallType(static_cast<int>(logged.type)) + std::string(" ");
  if (logged.type == CallType::kBreak) {
    const auto distance = static_cast<std::int64_t>(call.value);
    text += (distance > 0 ? "+" : "") + std::to_string(distance);
  } else {
    text += std::to_string(call.length);
  }
  if (logged.type == CallType::kMremap) text += " " + std::to_string(call.new_length);
  return text + (logged.error != 0 ? " refused; " : "; ");
}

// In the child.
class Recorder : public RunObserver {
 public:
  Recorder(Journal* journal, Tape* tape, std::uint32_t first_look, std::uint32_t first_lists)
      : journal_(*journal), tape_(*tape), first_look_(first_look), first_lists_(first_lists) {}

  void Begin(std::uint32_t index) override {
    journal_.mutable_header().progress = index;
    journal_.mutable_outcomes()[index].stage = Stage::kCalling;  // it may not come to an end
  }

  void End(std::uint32_t index, const Outcome& outcome, const std::vector<model::Violation>& found, const SimulatedKernel& kernel,
           ProductionHeap& heap) override {
    journal_.mutable_outcomes()[index] = outcome;
    for (const model::Violation& violation : found) tape_.Write(CaseViolation{index, violation});
    std::string calls;
    for (; logged_ < kernel.log().size(); ++logged_) {
      const LoggedCall& logged = kernel.log()[logged_];
      const bool is_query = logged.type == CallType::kBreak && logged.call.value == 0;
      if (!logged.foreign && !is_query) calls += Describe(logged);
    }
    if (!calls.empty()) tape_.Write(index, calls);
    if (index + 1 < first_look_) return;
    tape_.Write(Moment{index + 1, ViewHeap(kernel, heap, index + 1 >= first_lists_)});
  }

 private:
  Journal& journal_;
  Tape& tape_;
  std::uint32_t first_look_, first_lists_;
  std::size_t logged_ = 0;
};

[[noreturn]] void RunAsChild(const Case& c, Journal* journal, Tape* tape, std::uint32_t first_look,
                             std::uint32_t first_lists, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);  // Ctrl-C is for the command
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  dup2(output, 2);
  journal->mutable_header().state = WorkerState::kRunning;
  SimulatedRun run(Crashes::kAreViolations);
  Recorder recorder(journal, tape, first_look, first_lists);
  const Judgement judgement = run.Run(c, c.environment, &recorder).judgement;
  // Complete, and in order: what the recorder wrote before is for runs that do not get here.
  for (const CaseViolation& violation : judgement.violations) tape->Write(violation);
  journal->mutable_header().state = WorkerState::kFinished;
  _exit(0);
}

std::string Contents(int memory_file) {
  std::string text(static_cast<std::size_t>(lseek(memory_file, 0, SEEK_END)), '\0');
  if (pread(memory_file, text.data(), text.size(), 0) < 0) text.clear();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

RunResult Await(pid_t child, const Journal& journal, std::chrono::milliseconds hang_limit) {
  using Clock = std::chrono::steady_clock;
  auto last_change = Clock::now();
  std::uint32_t last_progress = 0;
  bool is_hung = false;
  int status = 0;
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  while (waitpid(child, &status, WNOHANG) == 0) {
    pollfd ready = {descriptor, POLLIN, 0};
    poll(&ready, 1, 50);
    const std::uint32_t progress = journal.header().progress;
    if (progress != last_progress) last_change = Clock::now();
    last_progress = progress;
    if (!is_hung && Clock::now() - last_change > hang_limit) {
      is_hung = true;
      kill(child, SIGKILL);
    }
  }
  if (descriptor >= 0) close(descriptor);
  RunResult result;
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  const bool is_finished = journal.header().state == WorkerState::kFinished;
  result.end = is_finished           ? RunEnd::kFinished
               : is_hung             ? RunEnd::kHung
               : WIFSIGNALED(status) ? RunEnd::kCrashed
                                     : RunEnd::kExited;
  return result;
}

}  // namespace

ProductionTracer::ProductionTracer(const std::filesystem::path& folder, std::chrono::milliseconds hang_limit)
    : hang_limit_(hang_limit), journal_(folder / "production.journal", kCapacity) {}

Trace ProductionTracer::Run(const Case& c, std::uint32_t first_look, std::uint32_t first_lists) {
  journal_.Prepare(c);
  Tape tape;
  const int output = memfd_create("output", MFD_CLOEXEC);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) RunAsChild(c, &journal_, &tape, first_look, first_lists, output, parent);
  if (child < 0) throw CouldNotRun(std::string("cannot start a process: ") + std::strerror(errno));
  Trace trace;
  trace.subject = "the production allocator on the simulated kernel";
  trace.c = c;
  trace.run = Await(child, journal_, hang_limit_);
  trace.run.output = Contents(output);
  close(output);
  trace.outcomes.assign(journal_.outcomes().begin(), journal_.outcomes().end());
  trace.break_start = kWindowAddress + SimulatedKernelOptions{}.break_offset;
  if (first_look == 0) trace.moments.push_back({});  // nothing is held before the first operation
  Tape::Told tale = tape.Read();
  for (Moment& moment : tale.moments) trace.moments.push_back(std::move(moment));
  std::vector<CaseViolation> told = std::move(tale.violations);
  if (trace.run.end == RunEnd::kFinished) {
    // The last ones are the complete judgement; those written on the way are among them.
    trace.judgement.violations = std::move(told);
  } else {
    trace.judgement = harness::Judge(c, trace.outcomes, trace.run, {.has_usable_size = true, .usable_is_always_asked = true});
    auto& all = trace.judgement.violations;
    all.insert(all.begin(), told.begin(), told.end());
  }
  std::stable_sort(trace.judgement.violations.begin(), trace.judgement.violations.end(),
                   [](const CaseViolation& a, const CaseViolation& b) { return a.operation < b.operation; });
  const auto same = [](const CaseViolation& a, const CaseViolation& b) {
    return a.operation == b.operation && a.what.rule == b.what.rule;
  };
  auto& all = trace.judgement.violations;
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  trace.kernel_calls = tale.kernel_calls[static_cast<std::uint32_t>(trace.Guilty())];
  return trace;
}

Judgement ProductionTracer::Judge(const Case& c) { return Run(c, UINT32_MAX, UINT32_MAX).judgement; }

Trace ProductionTracer::Watch(const Case& c) {
  const auto count = static_cast<std::uint32_t>(c.operations.size());
  const Judgement judgement = Judge(c);
  const auto guilty =
      judgement.violations.empty() ? count - 1 : static_cast<std::uint32_t>(judgement.violations.front().operation);
  return Run(c, guilty > kMomentsBefore ? guilty - kMomentsBefore : 0, guilty);
}

Trace ProductionTracer::WatchUntil(const Case& c, std::uint32_t last) {
  Case cut = c;
  cut.operations.resize(std::min<std::size_t>(last + std::size_t{1}, c.operations.size()));
  Trace trace = Run(cut, last > kMomentsBefore ? last - kMomentsBefore : 0, last);
  trace.outcomes.resize(c.operations.size());  // what follows was not reached
  trace.c = c;
  return trace;
}

}  // namespace breakproof::harness
