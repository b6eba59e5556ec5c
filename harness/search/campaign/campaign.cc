#include "harness/search/campaign/campaign.h"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "harness/search/generate/generator.h"
#include "harness/judge/kernel_watch.h"
#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A case that a worker is performing.
struct Lane {
  std::unique_ptr<Journal> journal;
  std::unique_ptr<CallLog> log;
  Case c;
  std::unique_ptr<WorkerProcess> process;
};

class Campaign {
 public:
  Campaign(const CampaignSettings& settings, const std::vector<Case>& corpus,
           const std::function<void(const Progress&)>& on_progress, const std::atomic<bool>& stop)
      : settings_(settings),
        corpus_(corpus),
        on_progress_(on_progress),
        stop_(stop),
        profile_(Probe(settings.run)),
        findings_(settings.run, profile_, stop) {
    for (unsigned i = 0; i < settings.jobs; ++i) {
      idle_.push_back({std::make_unique<Journal>(
                           settings.run.folder / ("lane-" + std::to_string(i) + ".journal"), 8192),
                       std::make_unique<CallLog>(kMostCallsSeen), {}, nullptr});
    }
  }

  CampaignResult Run() {
    start_ = Clock::now();
    try {
      RunCases();
    } catch (const CouldNotRun& problem) {
      result_.problem = problem.what();
    }
    result_.profile = profile_;
    result_.seed = settings_.seed;
    result_.seconds = Seconds();
    result_.was_interrupted = stop_;
    result_.reports = findings_.reports();
    return std::move(result_);
  }

 private:
  double Seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  void RunCases() {
    findings_.AddForeignEntries();
    while (!stop_ && !HasEnough()) {
      while (!idle_.empty() && StartNext()) {
      }
      if (busy_.empty()) break;
      JudgeOldest();
    }
  }

  bool HasEnough() const { return settings_.stop_at_first && !findings_.reports().empty(); }

  // The next case of the plan; nothing when the limits are reached.
  std::optional<Case> NextCase() {
    const bool time_is_up = settings_.seconds > 0 && Seconds() >= settings_.seconds;
    const bool is_unlimited = settings_.operations == 0;
    if (time_is_up || (!is_unlimited && planned_ >= settings_.operations)) return std::nullopt;
    Case c;
    if (next_ < corpus_.size()) {
      c = WithOnly(profile_.own_entries, corpus_[next_]);
    } else {
      if (is_unlimited && settings_.seconds <= 0) return std::nullopt;
      c = GenerateCase(settings_.seed, next_ - corpus_.size(), profile_.own_entries);
    }
    ++next_;
    if (!is_unlimited && planned_ + c.operations.size() > settings_.operations) {
      c.operations.resize(settings_.operations - planned_);
    }
    planned_ += c.operations.size();
    return c;
  }

  bool StartNext() {
    std::optional<Case> c = NextCase();
    if (!c) return false;
    Lane lane = std::move(idle_.back());
    idle_.pop_back();
    lane.c = std::move(*c);
    lane.journal->Prepare(lane.c);
    lane.log->Prepare();
    lane.log->Obey(lane.c.environment);
    lane.process = std::make_unique<WorkerProcess>(settings_.run.worker, SubjectFor(lane.c, settings_.run.subject),
                                                   *lane.journal, settings_.run.hang_limit, lane.log.get());
    busy_.push_back(std::move(lane));
    return true;
  }

  // In the order of the plan, so that a seed always reports the same.
  void JudgeOldest() {
    Lane& lane = busy_.front();
    const std::optional<RunResult> run = lane.process->Await(milliseconds(200));
    Report();
    if (!run) return;
    lane.process.reset();
    RequireThatItRan(*run);
    Judgement judgement =
        JudgeWatched(lane.c, lane.journal->outcomes(), lane.log->Seen(lane.journal->header().initial_break), *run,
                     profile_.facts);
    if (settings_.stop_at_first && !judgement.violations.empty()) judgement.violations.resize(1);
    live_bytes_ = judgement.peak_live_bytes;
    for (std::size_t rule = 0; rule < model::kRuleBookSize; ++rule) {
      result_.exercised[rule] += judgement.exercised[rule];
    }
    for (std::size_t entry = 0; entry < model::kEntryCount; ++entry) {
      result_.errno_remarks[entry] += judgement.errno_remarks[entry];
    }
    CompareFootprint(judgement);
    findings_.Add(lane.c, judgement, result_.operations);
    result_.operations += judgement.performed;
    idle_.push_back(std::move(lane));
    busy_.pop_front();
  }

  void CompareFootprint(const Judgement& judgement) {
    constexpr std::uint64_t kWorthComparing = 1 << 20;
    if (judgement.peak_live_bytes < kWorthComparing) return;
    const auto ratio = [](std::uint64_t held, std::uint64_t live) {
      return live == 0 ? 0 : static_cast<double>(held) / static_cast<double>(live);
    };
    if (ratio(judgement.peak_footprint, judgement.peak_live_bytes) <=
        ratio(result_.widest_footprint, result_.live_in_widest)) {
      return;
    }
    result_.widest_footprint = judgement.peak_footprint;
    result_.live_in_widest = judgement.peak_live_bytes;
  }

  static void RequireThatItRan(const RunResult& run) {
    if (run.end == RunEnd::kNeverRan) {
      throw CouldNotRun("a worker process ended before its first operation; is memory short?" +
                        (run.output.empty() ? "" : " It said: " + run.output));
    }
    if (run.end == RunEnd::kNoThread) {
      throw CouldNotRun("a worker process could not start a thread; raise the limit on processes (ulimit -u)");
    }
  }

  void Report() {
    const auto now = Clock::now();
    if (now - last_report_ < milliseconds(200)) return;
    last_report_ = now;
    on_progress_({result_.operations, Seconds(), live_bytes_, findings_.count()});
  }

  const CampaignSettings& settings_;
  const std::vector<Case>& corpus_;
  const std::function<void(const Progress&)>& on_progress_;
  const std::atomic<bool>& stop_;
  SubjectProfile profile_;
  Findings findings_;
  std::vector<Lane> idle_;
  std::deque<Lane> busy_;
  std::uint64_t next_ = 0;     // index of the next case
  std::uint64_t planned_ = 0;  // operations of all cases started
  std::uint64_t live_bytes_ = 0;
  Clock::time_point start_, last_report_;
  CampaignResult result_;
};

}  // namespace

Verdict CampaignResult::VerdictOn(model::RuleId rule) const {
  if (reports.contains(rule)) return Verdict::kViolated;
  const bool needs_usable_size = rule == model::RuleId::kH3 || rule == model::RuleId::kH9;
  if (needs_usable_size && !profile.facts.has_usable_size) return Verdict::kNotObservable;
  // These take an allocator that shows its books, a kernel that is watched, or calls that are not legal.
  const bool needs_insight = (rule >= model::RuleId::kH10 && rule <= model::RuleId::kK9) || rule == model::RuleId::kU1;
  if (needs_insight && exercised[static_cast<std::size_t>(rule)] == 0) return Verdict::kNotObservable;
  return exercised[static_cast<std::size_t>(rule)] == 0 ? Verdict::kNotExercised : Verdict::kHeld;
}

CampaignResult RunCampaign(const CampaignSettings& settings, const std::vector<Case>& corpus,
                           const std::function<void(const Progress&)>& on_progress,
                           const std::atomic<bool>& stop) {
  return Campaign(settings, corpus, on_progress, stop).Run();
}

}  // namespace breakproof::harness
