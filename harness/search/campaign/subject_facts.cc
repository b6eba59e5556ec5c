#include "harness/search/campaign/subject_facts.h"

#include <sha256.h>
#include <sys/types.h>

#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "harness/support/shared_library.h"

namespace breakproof::harness {
namespace {

using model::Entry;

std::string Sha256(const std::filesystem::path& path) {
  const std::string bytes = ReadWholeFile(path);
  SHA256_CTX context;
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256_Init(&context);
  SHA256_Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  SHA256_Final(digest, &context);
  std::string text = "sha256:";
  for (const std::uint8_t byte : digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

SubjectProfile Probe(const RunSettings& settings) {
  const std::filesystem::path& library = settings.subject.library;
  if (!library.empty()) RequireSharedLibrary(library);
  CaseRunner runner(settings, "probe");
  const RunResult run = runner.Run(Case{});
  const std::string subject = library.empty() ? "the system's malloc" : library.string();
  const std::string said = run.output.empty() ? "" : "; it said: " + FirstLine(run.output);
  if (run.end != RunEnd::kFinished) {
    throw CouldNotRun("a process with " + subject + " does not reach its first operation" + said);
  }
  const JournalHeader& header = runner.journal().header();
  if (!library.empty() && header.malloc_is_libcs != 0) {
    throw CouldNotRun(subject + " is not an allocator, or could not be loaded: malloc is still libc's" + said);
  }
  SubjectProfile profile;
  profile.library = header.provider;
  profile.hash = Sha256(profile.library);
  profile.own_entries = kAllEntries & ~header.foreign_entries;
  profile.facts.has_usable_size = header.has_usable_size != 0;
  profile.has_operators = header.has_operators != 0 && header.has_aligned_operators != 0;
  return profile;
}

model::Violation ForeignEntryViolation(Entry entry) {
  const std::string name = model::NameOf(entry);
  return {model::RuleId::kI1, name + " is provided by the library that provides malloc",
          name + " is another library's, which works on another heap"};
}

void AddForeignEntries(const Case& c, EntrySet own, Judgement* judgement) {
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    const Operation& operation = c.operations[i];
    if (operation.kind != OperationKind::kCall || (own >> static_cast<int>(operation.entry) & 1)) continue;
    judgement->violations.insert(judgement->violations.begin(), {i, ForeignEntryViolation(operation.entry)});
    return;
  }
}

Case WithOnly(EntrySet entries, const Case& c) {
  if (entries == kAllEntries) return c;
  Case result = c;
  result.operations.clear();
  for (Operation operation : c.operations) {
    const bool is_own = entries >> static_cast<int>(operation.entry) & 1;
    if (operation.kind == OperationKind::kCall && !is_own) {
      if (!AssignsSlot(operation.entry) || Reallocates(operation.entry)) continue;
      operation.size *= TakesCount(operation.entry) ? operation.count : 1;
      operation.entry = Entry::kMalloc;
      operation.count = 1;
      operation.alignment = 0;
    }
    result.operations.push_back(operation);
  }
  return result;
}

}  // namespace breakproof::harness
