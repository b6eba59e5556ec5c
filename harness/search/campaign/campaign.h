// A campaign: recorded cases, then generated ones, on one subject, until the time or the operations are up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/search/campaign/findings.h"
#include "harness/search/campaign/subject_facts.h"
#include "harness/worker/outside/case_runner.h"

namespace breakproof::harness {

struct CampaignSettings {
  RunSettings run;
  std::uint64_t seed = 1;
  std::uint64_t operations = 0;  // performed at most; 0: no limit
  double seconds = 0;            // 0: no limit. With neither, the campaign ends with the corpus.
  unsigned jobs = 2;             // worker processes at a time
  bool stop_at_first = false;    // one violation is enough: the earliest
};

struct Progress {
  std::uint64_t operations = 0;
  double seconds = 0;
  std::uint64_t live_bytes = 0;  // payload, the peak of the case judged last
  std::uint64_t violations = 0;
};

enum class Verdict : std::uint8_t { kHeld, kViolated, kNotExercised, kNotObservable };

struct CampaignResult {
  SubjectProfile profile;
  std::uint64_t seed = 0;
  std::uint64_t operations = 0;
  double seconds = 0;
  bool was_interrupted = false;
  std::string problem;  // what ended the campaign early, a sentence; empty if nothing did
  model::Exercised exercised{};
  model::ErrnoRemarks errno_remarks{};
  // H13: of the case with the largest ratio of the two, among those with a mebibyte live: peaks, in bytes. 0: nobody
  // watched.
  std::uint64_t widest_footprint = 0;
  std::uint64_t live_in_widest = 0;
  std::map<model::RuleId, std::vector<FindingReport>> reports;

  Verdict VerdictOn(model::RuleId rule) const;
  bool Held() const { return reports.empty(); }
};

// `corpus` first, in its order. `on_progress` is called a few times a second; `stop`, when set, ends the
// campaign early. The same seed and operations judge the same cases in the same order whatever the number
// of jobs. Throws CouldNotRun if it could not begin; what stops it later is in the result, with all that
// was found until then.
CampaignResult RunCampaign(const CampaignSettings& settings, const std::vector<Case>& corpus,
                           const std::function<void(const Progress&)>& on_progress,
                           const std::atomic<bool>& stop);

}  // namespace breakproof::harness
