#include "harness/explain/page/page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/case/case_text.h"
#include "harness/explain/address_names.h"
#include "harness/explain/block_history.h"
#include "harness/explain/drawing.h"
#include "harness/explain/page/page_html_text.h"
#include "harness/explain/page/page_script_text.h"
#include "harness/explain/page/page_style_text.h"

namespace breakproof::harness {
namespace {

using Json = nlohmann::ordered_json;

// The data behind the page. Places are [region, offset, length]; region 0 is the break, n is the mapping mn.
class PageData {
 public:
  explicit PageData(const Trace& trace) : trace_(trace), names_(trace) {
    first_ = trace.moments.empty() ? 0 : trace.moments.front().performed;
    last_ = trace.moments.empty() ? 0 : trace.moments.back().performed;
    // An operation that did not come to an end has no moment of its own.
    const std::size_t guilty = trace.Guilty();
    if (guilty < trace.c.operations.size()) last_ = std::max<std::size_t>(last_, guilty + 1);
  }

  Json Build() {
    return {{"subject", trace_.subject}, {"violation", Violation()}, {"first", first_},
            {"total", trace_.c.operations.size()}, {"operations", Operations()}, {"blocks", Blocks()},
            {"frames", Frames()}};
  }

 private:
  Json Violation() const {
    if (trace_.judgement.violations.empty()) return nullptr;
    const CaseViolation& first = trace_.judgement.violations.front();
    const model::RuleText& rule = model::TextOf(first.what.rule);
    return {{"operation", first.operation},
            {"rule", rule.id},
            {"title", rule.title},
            {"clause", rule.clause},
            {"expected", names_.Rename(first.what.expected, first.operation + 1)},
            {"actual", names_.Rename(first.what.actual, first.operation + 1)},
            {"block", GuiltyBlock(first.operation)}};
  }

  // The block that the violation is about, by its maker; or nothing.
  Json GuiltyBlock(std::size_t operation) const {
    const Outcome& outcome = trace_.outcomes[operation];
    if (outcome.finding != Finding::kNone && outcome.block < trace_.outcomes.size()) return outcome.block;
    if (outcome.stage > Stage::kCalling && outcome.address != 0) return operation;
    BlockHistory history(trace_);
    history.AdvanceTo(operation);
    for (const auto& [maker, block] : history.live()) {
      if (block.address == outcome.argument) return maker;
    }
    return nullptr;
  }

  Json Operations() const {
    Json all = Json::array();
    for (std::size_t i = first_; i < last_; ++i) {
      all.push_back({PrintOperation(trace_.c.operations[i], trace_.c.slot_names), WhatCameBack(trace_, i, names_)});
    }
    return all;
  }

  // Every block that is live at some time shown: place, payload, usable, from and until (operations performed),
  // maker, thread, name.
  Json Blocks() const {
    BlockHistory history(trace_);
    history.AdvanceTo(last_);
    Json all = Json::array();
    for (const DeadBlock& dead : history.dead()) {
      if (dead.ended_by >= first_) Add(dead.block, dead.ended_by + 1, &all);
    }
    for (const auto& [maker, block] : history.live()) Add(block, SIZE_MAX, &all);
    return all;
  }

  void Add(const LiveBlock& block, std::size_t until, Json* all) const {
    const auto place = names_.PlaceOf(block.address, std::max<std::size_t>(block.maker + std::size_t{1}, first_));
    if (!place) return;
    all->push_back({{"place", {place->region, place->offset, block.usable}},
                    {"payload", block.payload},
                    {"from", block.maker + 1},
                    {"until", until == SIZE_MAX ? Json(nullptr) : Json(until)},
                    {"maker", PrintOperation(trace_.c.operations[block.maker], trace_.c.slot_names)},
                    {"thread", trace_.c.operations[block.maker].thread},
                    {"name", block.slot}});
  }

  // What did not change since the frame before is null.
  Json Frames() const {
    Json all = Json::array();
    Json regions, resident, spans;
    BlockHistory history(trace_);
    for (const Moment& moment : trace_.moments) {
      history.AdvanceTo(moment.performed);
      Json frame = {{"live", history.live_bytes()}};
      const auto put = [&](const char* key, Json now, Json* before) {
        frame[key] = now == *before ? Json(nullptr) : now;
        *before = std::move(now);
      };
      put("regions", Regions(moment), &regions);
      put("resident", Resident(moment), &resident);
      put("spans", Spans(moment), &spans);
      all.push_back(std::move(frame));
    }
    return all;
  }

  Json Regions(const Moment& moment) const {
    Json all = Json::array();
    for (const Region& region : moment.space.regions) {
      if (region.kind == RegionKind::kForeign) continue;
      ForEachPart(region.begin, region.end, moment.performed, [&](const Json& place) {
        Json entry = place;
        entry.push_back(region.is_accessible ? 1 : 0);
        all.push_back(std::move(entry));
      });
    }
    return all;
  }

  // A run of addresses may cross mappings that have names of their own.
  template <typename Take>
  void ForEachPart(std::uint64_t begin, std::uint64_t end, std::size_t performed, Take take) const {
    while (begin < end) {
      const auto place = names_.PlaceOf(begin, performed);
      if (!place) return;
      const std::uint64_t stop = std::min(end, names_.RegionEnd(begin, performed));
      take(Json{place->region, place->offset, stop - begin});
      begin = stop;
    }
  }

  Json Resident(const Moment& moment) const {
    Json all = Json::array();
    for (const auto& [begin, end] : moment.space.resident) {
      ForEachPart(begin, end, moment.performed, [&](const Json& place) { all.push_back(place); });
    }
    return all;
  }

  Json Spans(const Moment& moment) const {
    Json all = Json::array();
    for (const SpanView& span : moment.space.spans) {
      const auto place = names_.PlaceOf(span.begin, moment.performed);
      if (!place) continue;
      all.push_back({place->region, place->offset, span.end - span.begin, span.kind == SpanKind::kFree ? 0 : 1, Describe(span)});
    }
    return all;
  }

  const Trace& trace_;
  const AddressNames names_;
  std::size_t first_ = 0, last_ = 0;
};

void Replace(const std::string& mark, const std::string& by, std::string* text) {
  const std::size_t at = text->find(mark);
  if (at != std::string::npos) text->replace(at, mark.size(), by);
}

}  // namespace

std::string ReportPage(const Trace& trace) {
  // A subject may print anything; what is no UTF-8 must not cost the report, and no text may end the script.
  std::string data = PageData(trace).Build().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (std::size_t at = 0; (at = data.find("</", at)) != std::string::npos; at += 3) data.replace(at, 2, "<\\/");
  std::string page = kPageHtmlText;
  Replace("/* STYLE */", kPageStyleText, &page);
  Replace("/* SCRIPT */", kPageScriptText, &page);
  Replace("/* DATA */", data, &page);
  return page;
}

}  // namespace breakproof::harness
