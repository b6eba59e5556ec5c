// The command's side of the journal (journal_layout.h).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>

#include "harness/case/case.h"
#include "harness/worker/journal_layout.h"

namespace breakproof::harness {

// Owns a mapped journal file. Allocated in full first: a full disk is an error here, not a SIGBUS later.
class Journal {
 public:
  // Throws CouldNotRun.
  Journal(const std::filesystem::path& path, std::uint32_t capacity);
  ~Journal();  // removes the file: a run that ended leaves no journal behind
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Writes the whole case down and forgets what was seen before. Grows the file if the case needs it.
  void Prepare(const Case& c);

  // After Prepare, before a worker starts: it stops after each operation once `performed` were performed.
  void StopFrom(std::uint32_t performed) { header_->first_stop = performed; }
  // How many operations a worker that stopped has performed; nothing if none stops within `patience`.
  std::optional<std::uint32_t> AwaitStop(std::chrono::milliseconds patience) const;
  void Resume(std::uint32_t performed);

  // After Prepare: the worker calls breakproof_guilty_is_next before the operation with this index.
  void Announce(std::uint32_t index) { header_->announced = index; }

  // For the worker: open for reading and writing, closed on exec unless whoever starts the worker passes it on.
  int descriptor() const { return descriptor_; }

  const JournalHeader& header() const { return *header_; }
  std::span<const Outcome> outcomes() const { return {outcomes_, header_->operation_count}; }
  // For a subject that runs in a copy of this very process instead of a worker.
  JournalHeader& mutable_header() { return *header_; }
  std::span<Outcome> mutable_outcomes() { return {outcomes_, header_->operation_count}; }

 private:
  void Open(std::uint32_t capacity);
  void Close();

  std::filesystem::path path_;
  std::uint32_t usual_capacity_;
  int descriptor_ = -1;
  JournalHeader* header_ = nullptr;
  Operation* operations_ = nullptr;
  Outcome* outcomes_ = nullptr;
  std::uint64_t bytes_ = 0;
};

// The case in a journal that a killed run left behind, as far as it got, with a note that says so; nothing
// if the bytes are no journal of this version or no operation had begun.
std::optional<Case> CaseOfJournal(std::string_view bytes);

}  // namespace breakproof::harness
