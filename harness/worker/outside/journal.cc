#include "harness/worker/outside/journal.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "harness/support/could_not_run.h"
#include "harness/support/files.h"

namespace breakproof::harness {

Journal::Journal(const std::filesystem::path& path, std::uint32_t capacity) : path_(path), usual_capacity_(capacity) {
  Open(capacity);
}

Journal::~Journal() {
  Close();
  unlink(path_.c_str());
}

void Journal::Open(std::uint32_t capacity) {
  bytes_ = JournalBytes(capacity);
  const auto fail = [&](int error) {
    if (descriptor_ >= 0) unlink(path_.c_str());
    Close();
    throw CouldNotRun("cannot reserve " + std::to_string(bytes_ >> 10) + " KiB for the journal " +
                      path_.string() + ": " + ExplainErrno(error));
  };
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(errno);
  if (const int error = posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes_))) fail(error);
  void* const map = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (map == MAP_FAILED) fail(errno);
  auto* const base = static_cast<char*>(map);
  header_ = reinterpret_cast<JournalHeader*>(base);
  operations_ = reinterpret_cast<Operation*>(base + OperationsOffset());
  outcomes_ = reinterpret_cast<Outcome*>(base + OutcomesOffset(capacity));
  header_->capacity = capacity;
}

void Journal::Close() {
  if (header_ != nullptr) munmap(header_, bytes_);
  if (descriptor_ >= 0) close(descriptor_);
  header_ = nullptr;
  descriptor_ = -1;
}

void Journal::Prepare(const Case& c) {
  const auto count = static_cast<std::uint32_t>(c.operations.size());
  // Always the same for the same case: the worker maps the file, and where the subject's mappings lie depends on it.
  const std::uint32_t capacity = std::max(count, usual_capacity_);
  if (capacity != header_->capacity) {
    Close();
    Open(capacity);
  }
  std::memset(static_cast<void*>(header_), 0, kJournalHeaderBytes);
  std::copy(c.operations.begin(), c.operations.end(), operations_);
  std::memset(static_cast<void*>(outcomes_), 0, count * sizeof(Outcome));
  header_->version = kJournalVersion;
  header_->capacity = capacity;
  header_->operation_count = count;
  header_->slot_count = static_cast<std::uint32_t>(c.slot_names.size());
  header_->first_stop = kNever;
  header_->announced = kNever;
  header_->state = WorkerState::kPrepared;
  const std::string kernel = PrintEnvironment(c.environment);
  if (kernel.size() < sizeof header_->kernel) std::memcpy(header_->kernel, kernel.c_str(), kernel.size());
  // Last: what has no magic is not a complete case.
  std::memcpy(header_->magic, kJournalMagic, sizeof kJournalMagic);
}

std::optional<std::uint32_t> Journal::AwaitStop(std::chrono::milliseconds patience) const {
  const std::uint32_t stopped = header_->stopped;
  if (stopped > header_->may_pass) return stopped - 1;
  const timespec time = {patience.count() / 1000, patience.count() % 1000 * 1000000};
  syscall(SYS_futex, &header_->stopped, FUTEX_WAIT, stopped, &time, nullptr, 0);
  const std::uint32_t now = header_->stopped;
  if (now > header_->may_pass) return now - 1;
  return std::nullopt;
}

void Journal::Resume(std::uint32_t performed) {
  __atomic_store_n(const_cast<std::uint32_t*>(&header_->may_pass), performed + 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &header_->may_pass, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

std::optional<Case> CaseOfJournal(std::string_view bytes) {
  JournalHeader header;
  if (bytes.size() < kJournalHeaderBytes) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kJournalMagic, sizeof kJournalMagic) != 0 ||
      header.version != kJournalVersion || header.state == WorkerState::kPrepared ||
      header.operation_count > header.capacity || bytes.size() < JournalBytes(header.capacity)) {
    return std::nullopt;
  }
  const std::uint32_t performed = std::min(header.progress + 1, header.operation_count);
  Case c;
  c.notes = {"from the journal of a run that was killed; the last operation had begun"};
  c.operations.resize(performed);
  std::memcpy(c.operations.data(), bytes.data() + OperationsOffset(), performed * sizeof(Operation));
  c.environment = ParseEnvironment({header.kernel, strnlen(header.kernel, sizeof header.kernel)});
  NameSlots(&c);
  return c;
}

}  // namespace breakproof::harness
