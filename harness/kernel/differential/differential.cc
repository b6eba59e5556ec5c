#include "harness/kernel/differential/differential.h"

#include <algorithm>
#include <cstring>

#include "harness/kernel/differential/call_text.h"
#include "harness/kernel/differential/compare.h"
#include "harness/kernel/differential/generator.h"

namespace breakproof::harness {
namespace {

using model::Call;
using model::CallKind;
using model::Result;
using model::Word;

// Kernel-chosen addresses are adopted from the observation (M16, M50); the model validates them.
class ObservedChooser : public model::Chooser {
 public:
  explicit ObservedChooser(const Observation& seen) : seen_(seen) {}
  Word Place(const model::AddressSpace&, Word) override { return seen_.value; }

 private:
  const Observation& seen_;
};

void Count(const Call& call, const Observation& seen, Tally& tally) {
  if (call.kind == CallKind::kLoad || call.kind == CallKind::kStore) {
    ++tally.touches;
    return;
  }
  ++tally.calls;
  const bool refused_break = call.kind == CallKind::kBrk && seen.value != call.address;
  if (seen.error == 0 && !refused_break) ++tally.successful;
}

}  // namespace

std::optional<Mismatch> Differential::Check(std::span<const Call> calls) {
  const model::Machine& machine = real_.machine();
  ran_.clear();
  for (const Call& call : calls)
    if (ran_.size() < kMaxCalls && StaysInside(machine, call)) ran_.push_back(call);
  const int done = real_.Run(ran_);
  if (done < static_cast<int>(ran_.size())) return Mismatch{done, "the child", "alive", real_.death()};
  model::Kernel kernel(machine);
  AddInitialFiles(kernel);
  std::optional<Mismatch> mismatch;
  for (int i = 0; i < done && !mismatch; ++i) {
    const Observation& seen = real_.observation(i);
    ObservedChooser chooser(seen);
    const Result expected = kernel.Perform(ran_[static_cast<std::size_t>(i)], chooser);
    mismatch = Compare(kernel, expected, seen);
    if (mismatch) mismatch->call = i;
    Count(ran_[static_cast<std::size_t>(i)], seen, tally_);
  }
  for (int file = 0; file < kFiles && !mismatch; ++file) {
    mismatch = CompareFile(kernel, file, real_.file(file));
    if (mismatch) mismatch->call = done - 1;
  }
  ++tally_.sequences;
  tally_.rules.Add(kernel.state().rules);
  return mismatch;
}

std::string Describe(const Mismatch& mismatch, std::span<const Call> calls, const model::Machine& machine) {
  std::string text;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    text += FormatCall(calls[i], machine) + "\n";
    if (static_cast<int>(i) == mismatch.call)
      text += "# ^ " + mismatch.what + ": model " + mismatch.expected + ", kernel " + mismatch.actual + "\n";
  }
  return text;
}

std::vector<Call> Shrink(std::vector<Call> calls, const std::function<bool(std::span<const Call>)>& fails) {
  for (std::size_t chunk = std::max<std::size_t>(calls.size() / 2, 1);;) {
    bool removed = false;
    for (std::size_t at = 0; at < calls.size();) {
      std::vector<Call> fewer = calls;
      const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(first, first + static_cast<std::ptrdiff_t>(std::min(chunk, fewer.size() - at)));
      if (fails(fewer)) {
        calls = std::move(fewer);
        removed = true;
      } else {
        at += chunk;
      }
    }
    if (chunk > 1) chunk /= 2;
    else if (!removed) return calls;
  }
}

}  // namespace breakproof::harness
