#include "harness/kernel/real/real_kernel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "harness/kernel/real/child.h"

namespace breakproof::harness {
namespace {

using model::Call;
using model::CallKind;
using model::kPage;
using model::Word;

constexpr int kPatienceMilliseconds = 20'000;
constexpr int kKnownAdvice = 24;  // advice below this number is tried

// A value of /proc/PID/status that is given in kB, as pages.
Word StatusPages(pid_t process, const std::string& key) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key + ":", 0) == 0) return std::stoull(line.substr(key.size() + 1)) / (kPage / 1024);
  return 0;
}

// Field `number` (from 1) of /proc/self/stat, which the comm field in parentheses must not confuse.
Word StatField(int number) {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= number; ++i) fields >> field;
  return std::stoull(field);
}

// A start for the window that is free here, hence also in the child.
Word FreeWindow(Word size) {
  for (Word start : {0x7e9000000000u, 0x7d1000000000u, 0x600000000000u, 0x100000000000u}) {
    void* wanted = reinterpret_cast<void*>(start - kPage);
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void* got = mmap(wanted, size + 2 * kPage, PROT_NONE, kFlags, -1, 0);
    if (got != MAP_FAILED) munmap(got, size + 2 * kPage);
    if (got == wanted) return start;
  }
  return 0;
}

// A number in a file of /proc, after `key` if one is given.
Word ReadNumber(const char* path, const std::string& key, Word otherwise) {
  std::ifstream file(path);
  Word value = otherwise;
  std::string word;
  while (!key.empty() && file >> word && word != key) {}
  return file >> value ? value : otherwise;
}

// L9: what a single charge may be, pages. Only mode 0 has such a limit; mode 2 limits the sum, which a window
// of one process can not know.
Word LargestCharge() {
  if (ReadNumber("/proc/sys/vm/overcommit_memory", "", 0) != 0) return model::kUnlimited;
  const Word kilobytes = ReadNumber("/proc/meminfo", "MemTotal:", 0) + ReadNumber("/proc/meminfo", "SwapTotal:", 0);
  return kilobytes / (kPage / 1024);
}

Word MinimumAddress() { return ReadNumber("/proc/sys/vm/mmap_min_addr", "", 65536); }

}  // namespace

void AddInitialFiles(model::Kernel& kernel) {
  for (int file = 0; file < kFiles; ++file) {
    std::vector<std::uint8_t> bytes;
    for (Word i = 0; i < kFileSize[file]; ++i) bytes.push_back(InitialByte(file, i));
    kernel.AddFile(file, bytes);
  }
}

std::unique_ptr<RealKernel> RealKernel::Start(const RealKernelOptions& options, std::string& error) {
  std::unique_ptr<RealKernel> kernel(new RealKernel);
  void* shared = mmap(nullptr, sizeof(Channel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    error = "no shared memory";
    return nullptr;
  }
  kernel->channel_ = static_cast<Channel*>(shared);
  kernel->options_ = options;
  bool started = kernel->StartChild(kernel->options_, error);
  if (!started && options.relocate_break) {
    kernel->options_.relocate_break = false;
    started = kernel->StartChild(kernel->options_, error);
  }
  if (!started) return nullptr;
  kernel->ReadMachine();
  kernel->ProbeFeatures();
  return kernel;
}

RealKernel::~RealKernel() {
  StopChild();
  if (channel_ != nullptr) munmap(channel_, sizeof(Channel));
}

bool RealKernel::StartChild(const RealKernelOptions& options, std::string& error) {
  Channel& channel = *channel_;
  PrepareChannel(options);
  int to_child[2], from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) {
    error = "no pipe";
    return false;
  }
  child_ = fork();
  if (child_ == 0) {
    close(to_child[1]);
    close(from_child[0]);
    RunChild(channel, to_child[0], from_child[1]);
  }
  close(to_child[0]);
  close(from_child[1]);
  requests_ = to_child[1];
  answers_ = from_child[0];
  if (child_ > 0 && AwaitAnswer() && channel.setup_error == 0) {
    PlaceData(options);
    if (Exchange('s') && channel.setup_error == 0) return true;
  }
  error = channel.setup_error != 0 ? std::string(channel.setup_step) + ": " + std::strerror(channel.setup_error)
                                   : "the child did not start";
  StopChild();
  return false;
}

void RealKernel::PrepareChannel(const RealKernelOptions& options) {
  Channel& channel = *channel_;
  channel.setup_error = 0;
  channel.relocate_break = options.relocate_break;
  channel.query_maps = options.query_maps;
  const Word largest = LargestCharge();
  const Word room = options.roomy && largest != model::kUnlimited ? 4 * largest : 0;
  channel.window_size = (kWindowPages + room) * kPage;
  channel.window_start = options.relocate_break ? FreeWindow(channel.window_size) : StatField(47);
  channel.lowest_break = channel.window_start + (options.relocate_break ? kBreakPage * kPage : 0);
  for (int file = 0; file < kFiles; ++file)
    for (Word i = 0; i < kFileSize[file]; ++i) channel.file_bytes[file][i] = InitialByte(file, i);
}

// L4 counts initialised data. Choosing it close to L3's count lets one limit exercise both rules.
void RealKernel::PlaceData(const RealKernelOptions& options) {
  constexpr Word kDistance = Word{1} << 30;  // below the break, where data has to lie
  const Word size = StatusPages(child_, "VmData") * kPage + 100;
  channel_->data_start = options.relocate_break ? channel_->lowest_break - kDistance - size : StatField(45);
  channel_->data_end = options.relocate_break ? channel_->data_start + size : StatField(46);
}

bool RealKernel::Exchange(char request) { return write(requests_, &request, 1) == 1 && AwaitAnswer(); }

bool RealKernel::AwaitAnswer() {
  pollfd waiting{answers_, POLLIN, 0};
  int ready;
  do ready = poll(&waiting, 1, kPatienceMilliseconds);
  while (ready < 0 && errno == EINTR);
  char byte;
  return ready == 1 && read(answers_, &byte, 1) == 1;
}

void RealKernel::StopChild() {
  if (requests_ >= 0) close(std::exchange(requests_, -1));
  if (answers_ >= 0) close(std::exchange(answers_, -1));
  if (child_ <= 0) return;
  int status = 0;
  if (waitpid(child_, &status, WNOHANG) == 0) {
    kill(child_, SIGKILL);
    waitpid(child_, &status, 0);
  }
  death_ = WIFSIGNALED(status) ? std::string("killed by ") + strsignal(WTERMSIG(status)) : "exited";
  child_ = -1;
}

void RealKernel::ReadMachine() {
  machine_.window = {channel_->window_start, channel_->window_start + channel_->window_size};
  machine_.lowest_break = channel_->lowest_break;
  machine_.lowest_address = MinimumAddress();
  machine_.largest_charge = LargestCharge();
  machine_.initialised_data = channel_->data_end - channel_->data_start;
  machine_.other_pages = StatusPages(child_, "VmSize");
  machine_.other_data_pages = StatusPages(child_, "VmData");
  machine_.descriptors = {
      {kFileA, {.object = 0}},
      {kFileAReadOnly, {.writable = false, .object = 0}},
      {kFileAWriteOnly, {.readable = false, .object = 0}},
      {kFileB, {.object = 1}},
      {kDirectory, {.writable = false, .mappable = false}},
      {kPathOnly, {.open = false}},
      {kClosed, {.open = false}},
  };
}

int RealKernel::LastError(const std::vector<Call>& calls) {
  return Run(calls) == static_cast<int>(calls.size()) ? observation(channel_->count - 1).error : -1;
}

// Rules that differ between kernel versions are asked for, never derived from a version number.
void RealKernel::ProbeFeatures() {
  const auto page = [&](Word index) { return channel_->window_start + index * kPage; };
  const auto map = [&](Word at, unsigned protection, int descriptor = -1) {
    const unsigned type = descriptor < 0 ? model::kPrivate | model::kAnonymous : model::kShared;
    return Call{.kind = CallKind::kMmap, .address = page(at), .length = kPage, .protection = protection,
                .flags = type | model::kFixed, .descriptor = descriptor};
  };
  const auto move = [&](Word from, Word old_pages, Word new_pages, Word to) {
    return Call{.kind = CallKind::kMremap, .address = page(from), .length = old_pages * kPage,
                .new_length = new_pages * kPage, .new_address = to, .flags = model::kMayMove | model::kMoveFixed};
  };
  const auto advise = [&](Word at, Word pages, int advice) {
    return Call{.kind = CallKind::kMadvise, .address = page(at), .length = pages * kPage, .advice = advice};
  };
  constexpr unsigned kReadWrite = model::kRead | model::kWrite;
  const std::vector<Call> two_areas = {map(10, kReadWrite), map(11, model::kRead), map(20, model::kRead)};
  const auto then = [](std::vector<Call> calls, std::initializer_list<Call> more) {
    calls.insert(calls.end(), more);
    return calls;
  };
  machine_.moves_span_areas = LastError(then(two_areas, {move(10, 2, 2, page(20))})) == 0;
  machine_.remap_checks_arguments_first = LastError({move(10, 1, 1, page(20) + 1)}) == EINVAL;
  const Call look{.kind = CallKind::kLoad, .address = page(20)};
  machine_.remap_checks_source_first = LastError(then(two_areas, {move(10, 2, 3, page(20)), look})) == 0;
  machine_.populate_stops_at_holes =
      LastError({map(11, model::kNone), advise(10, 2, model::kPopulateRead)}) == ENOMEM;
  machine_.remove_needs_write = LastError({map(10, model::kRead, kFileA), advise(10, 1, model::kRemove)}) != 0;
  machine_.known_advice = 0;
  for (int advice = 0; advice < kKnownAdvice; ++advice)
    if (LastError({advise(10, 0, advice)}) == 0) machine_.known_advice |= Word{1} << advice;
}

int RealKernel::Run(std::span<const Call> calls) {
  Channel& channel = *channel_;
  channel.count = 0;
  channel.progress = 0;
  for (const Call& call : calls) {
    Call& copy = channel.calls[channel.count++];
    copy = call;
    if (call.kind == CallKind::kLimitData || call.kind == CallKind::kLimitAs)
      copy.value = model::Kernel::LimitOf(machine_, call);
  }
  if (Exchange('r')) return channel.count;
  StopChild();
  const int done = channel.progress > 0 ? channel.progress - 1 : 0;
  std::string how = death_, error;
  if (StartChild(options_, error)) ReadMachine();
  else how += "; no new child: " + error;
  death_ = how;
  return done;
}

}  // namespace breakproof::harness
