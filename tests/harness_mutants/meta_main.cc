// The harness's own test: it must find what is broken, pass what is sound, and have done what it says. And each slip
// of mutants.txt, switched on, must disappoint the expectation that is there to notice it.
//
// Exit code 0 if all expectations hold without a slip, and none of the slips goes unnoticed.
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "harness/search/campaign/campaign.h"
#include "harness/case/case_binary.h"
#include "harness/case/case_text.h"
#include "harness/search/generate/generator.h"
#include "harness/judge/kernel_watch.h"
#include "harness/support/files.h"
#include "tests/harness_mutants/mutant.h"
#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

using namespace breakproof::harness;
namespace fs = std::filesystem;

RunSettings SettingsFor(const std::string& allocator) {
  RunSettings settings;
  settings.worker = fs::absolute("tests/harness_mutants/worker");
  settings.subject.library = fs::absolute("tests/zoo/lib" + allocator + ".so");
  settings.folder = FreshFolder("meta");
  settings.hang_limit = std::chrono::milliseconds(1000);
  return settings;
}

Case Parse(const std::string& operations) {
  Case c;
  ParseError error;
  if (!ParseCase("# breakproof case v2\n" + operations, &c, &error)) throw std::runtime_error(error.message);
  return c;
}

// The rule that the case breaks first; "held" if none.
std::string RuleBrokenBy(const std::string& allocator, const std::string& operations) {
  const RunSettings settings = SettingsFor(allocator);
  const SubjectProfile profile = Probe(settings);
  const Case c = Parse(operations);
  CaseRunner runner(settings, "case");
  const RunResult run = runner.Run(c);
  const Judgement judgement =
      JudgeWatched(c, runner.journal().outcomes(), runner.kernel_log(), run, profile.facts);
  if (judgement.violations.empty()) return "held";
  return std::string(model::TextOf(judgement.violations.front().what.rule).id);
}

CampaignResult Campaign(const std::string& allocator, std::uint64_t operations) {
  CampaignSettings settings;
  settings.run = SettingsFor(allocator);
  settings.operations = operations;
  settings.jobs = 1;
  settings.stop_at_first = true;
  const std::atomic<bool> stop = false;
  return RunCampaign(settings, {}, [](const Progress&) {}, stop);
}

bool IsViolated(const CampaignResult& result, model::RuleId rule) {
  return result.VerdictOn(rule) == Verdict::kViolated;
}

// What is left on disk when everything is killed while an operation hangs: the last operation is the one that did.
bool JournalEndsWithWhatHangs() {
  const RunSettings settings = SettingsFor("rounds_zero_for_ever");
  const Case c = Parse("t0  a = malloc 8\nt0  b = malloc 8\nt0  c = memalign 0 8\nt0  free a\n");
  const fs::path file = settings.folder / "killed.journal";
  Journal journal(file, 16);
  journal.Prepare(c);
  std::string bytes;
  {
    WorkerProcess worker(settings.worker, settings.subject, journal, settings.hang_limit);
    (void)worker.Await(std::chrono::milliseconds(300));
    bytes = ReadWholeFile(file);
  }
  const std::optional<Case> left = CaseOfJournal(bytes);
  return left && left->operations.size() == 3;
}

// The zero bytes of an input are bytes like any other.
bool InputsAreReadWhole() {
  const Case c = Parse("t0  a = malloc 0\nt0  b = malloc 24\nt0  free a\n");
  const std::vector<std::uint8_t> bytes = EncodeCase(c);
  return DecodeCase(bytes.data(), bytes.size()) == c;
}

// Whether the generator asks for what `is_wanted` says, in the first cases of a seed.
bool IsGenerated(bool (*is_wanted)(const Operation&)) {
  for (std::uint64_t n = 0; n < 100; ++n) {
    for (const Operation& operation : GenerateCase(1, n, kAllEntries).operations) {
      if (operation.kind == OperationKind::kCall && is_wanted(operation)) return true;
    }
  }
  return false;
}

bool AsksForSizeThatWraps(const Operation& operation) {
  return operation.entry == model::Entry::kRealloc && operation.size > SIZE_MAX - 64;
}

bool AsksForProductThatWraps(const Operation& operation) {
  std::size_t bytes;
  return operation.entry == model::Entry::kCalloc &&
         __builtin_mul_overflow(operation.count, operation.size, &bytes) && bytes < 64;
}

// Each a property of the harness; a name, and whether it holds.
const std::map<std::string, std::function<bool()>> kExpectations = {
    {"a sound allocator passes",
     [] {
       return Campaign("slab_twin", 20000).Held() && Campaign("tagged_twin", 20000).Held();
     }},
    {"free need not touch errno",
     [] { return RuleBrokenBy("slab_twin", "t0  a = malloc 8\nt0  free a\nt0  check\n") == "held"; }},
    {"the harness keeps to its own blocks",
     [] {  // c is where a was, below b
       return RuleBrokenBy("slab_twin",
                           "t0  a = malloc 16\nt0  b = malloc 16\nt0  free a\nt0  c = malloc 16\nt0  check\n") == "held";
     }},
    {"what the kernel refused is no fault of the allocator",
     [] { return RuleBrokenBy("slab_twin", "t0  a = malloc 0x200000000000\n") == "held"; }},
    {"invalid alignments are refused by posix_memalign's result",
     [] { return RuleBrokenBy("slab_twin", "t0  a = posix_memalign 3 8\n") == "held"; }},
    {"what was given back may be bought again",
     [] {
       return RuleBrokenBy("slab_twin", "t0  a = malloc 1M\nt0  free a\nt0  a = malloc 1M\nt0  free a\n") == "held";
     }},
    {"every byte of calloc's result is looked at",
     [] {
       return RuleBrokenBy("calloc_zeroes_one_element", "t0  a = malloc 64\nt0  free a\nt0  a = calloc 4 16\n") == "H5";
     }},
    {"live blocks are looked at though nobody frees them",
     [] {
       return RuleBrokenBy("tag_behind_block",
                           "t0  a = malloc 64\nt0  b = malloc 64\nt0  free a\nt0  c = malloc 1K\nt0  d = malloc 1K\n") == "H4";
     }},
    {"a changed byte is a violation",
     [] {
       return RuleBrokenBy("late_canary", "t0  a = malloc 1\nt0  b = malloc 1\nt0  free a\n") == "H9";
     }},
    {"a failed realloc leaves the block alone",
     [] {
       return RuleBrokenBy("failed_realloc_tags_block", "t0  a = malloc 64\nt0  a = realloc a PTRDIFF_MAX\n") == "H7";
     }},
    {"results of realloc are checked for overlap",
     [] {
       return RuleBrokenBy("grows_into_used_neighbour", "t0  a = malloc 8\nt0  b = malloc 8\nt0  a = realloc a 33\n") == "H1";
     }},
    {"alignment is checked",
     [] {
       return RuleBrokenBy("empty_block_misaligned", "t0  a = malloc 1\nt0  b = memalign 256 0\n") == "H2" &&
              RuleBrokenBy("alignment_above_page", "t0  a = memalign 64K 1M\nt0  b = memalign 64K 1M\n") == "H2";
     }},
    {"a crash is a violation",
     [] { return RuleBrokenBy("realloc_of_null_crashes", "t0  a = realloc null 1\n") == "H0"; }},
    {"the first call of the process is the case's",
     [] { return RuleBrokenBy("set_up_by_malloc_only", "t0  a = valloc 1\n") == "H0"; }},
    {"threads are threads",
     [] {
       return RuleBrokenBy("thread_exit_unmaps_slabs", "t1  a = malloc 8\nt1  exit\nt0  free a\n") == "H1";
     }},
    {"an operation is on disk before it runs", JournalEndsWithWhatHangs},
    {"sizes that wrap are asked for", [] { return IsGenerated(AsksForSizeThatWraps); }},
    {"every scenario is played", [] { return IsGenerated(AsksForProductThatWraps); }},
    {"a finding is a verdict", [] { return IsViolated(Campaign("usable_short", 1000), model::RuleId::kH3); }},
    {"a function left to libc is a finding", [] { return IsViolated(Campaign("pvalloc_missing", 1000), model::RuleId::kI1); }},
    {"an input is read to its end", InputsAreReadWhole},
    {"a block that its program leaves alone is left alone",
     [] {
       return RuleBrokenBy("mark_of_untouched_believed",
                           "t0  a = malloc 16\nt0  free a\nt0  a = malloc 16 untouched\nt0  free a\n") == "H0";
     }},
    {"nobody asks for the usable size of a block that is left alone",
     [] {
       std::string rounds;
       for (int round = 0; round < 16; ++round) rounds += "t0  a = malloc 1M untouched\nt0  free a\n";
       return RuleBrokenBy("length_known_when_asked", rounds) == "H12";
     }},
    {"a call finds in errno what programs leave there",
     [] { return RuleBrokenBy("errno_taken_for_failure", "t0  a = malloc 100005\n") == "H14"; }},
    {"some threads have small stacks", [] { return RuleBrokenBy("large_frame", "t1  a = malloc 100000\n") == "H0"; }},
    {"operators are called",
     [] {
       return RuleBrokenBy("sized_delete_forgets_alignment", "t0  a = new_array_aligned_nothrow 4097 0\nt0  delete_sized a\n") == "H0";
     }},
    // But for what comes behind an operator new of an absurd size in its case: it throws, and nobody catches that.
    {"as many operations are performed as were asked for",
     [] {
       const auto operations = Campaign("slab_twin", 20000).operations;
       return operations <= 20000 && operations > 19000;
     }},
};

struct Slip {
  const char* name;         // in mutants.txt
  const char* disappoints;  // the expectation
};

const Slip kSlips[] = {
    {"errno_not_reset", "free need not touch errno"},
    {"only_the_freed_block_verified", "live blocks are looked at though nobody frees them"},
    {"first_element_zeroed", "every byte of calloc's result is looked at"},
    {"overruns_its_own_blocks", "the harness keeps to its own blocks"},
    {"failed_call_not_inspected", "a failed realloc leaves the block alone"},
    {"input_cut_at_zero", "an input is read to its end"},
    {"operators_not_called", "operators are called"},
    {"every_byte_written", "a block that its program leaves alone is left alone"},
    {"usable_always_asked", "nobody asks for the usable size of a block that is left alone"},
    {"errno_always_the_same", "a call finds in errno what programs leave there"},
    {"stacks_always_large", "some threads have small stacks"},
    {"threads_not_driven", "threads are threads"},
    {"journal_written_after", "an operation is on disk before it runs"},
    {"books_in_the_heap", "the first call of the process is the case's"},
    {"refusal_not_noticed", "what the kernel refused is no fault of the allocator"},
    {"mismatch_only_printed", "a changed byte is a violation"},
    {"crash_passes", "a crash is a violation"},
    {"returned_memory_stays_gone", "what was given back may be bought again"},
    {"alignment_shadowed", "alignment is checked"},
    {"realloc_overlap_unchecked", "results of realloc are checked for overlap"},
    {"status_ignored", "invalid alignments are refused by posix_memalign's result"},
    {"sizes_uniform", "sizes that wrap are asked for"},
    {"targets_skipped", "every scenario is played"},
    {"budget_wraps", "as many operations are performed as were asked for"},
    {"verdict_passes", "a finding is a verdict"},
    {"foreign_entries_unnoticed", "a function left to libc is a finding"},
};

std::set<std::string> SlipsIn(const char* file) {
  std::set<std::string> names;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("@ ")) names.insert(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

int Run() {
  int failures = 0;
  const auto expect = [&](bool holds, const std::string& what) {
    std::cout << (holds ? "" : "FAILED: ") << what << std::endl;
    failures += !holds;
  };
  for (const auto& [name, holds] : kExpectations) expect(holds(), "expected: " + name);
  std::set<std::string> unlisted = SlipsIn("tests/harness_mutants/mutants.txt");
  for (const Slip& slip : kSlips) {
    unlisted.erase(slip.name);
    setenv(kSlipVariable, slip.name, 1);
    expect(!kExpectations.at(slip.disappoints)(), std::string(slip.name) + " is noticed: " + slip.disappoints);
    unsetenv(kSlipVariable);
  }
  for (const std::string& name : unlisted) expect(false, name + " has an expectation");
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace breakproof::tests

int main() { return breakproof::tests::Run(); }
