// What a person and what a program is told at the end of a campaign, and the annotated listing of a case.
#pragma once

#include <string>

#include "harness/campaign/campaign.h"

namespace breakproof::harness {

// The closing table: a line a rule, then a paragraph a violation. Ends with a line end.
std::string VerdictTable(const CampaignResult& result);

// schema_version 1:
//   {schema_version, library, hash, seed, operations, seconds, interrupted,
//    rules: [{id, title, exercised, verdict: held|violated|not_exercised|not_observable,
//             violations: [{operation, expected, actual, clause, case, found_after, replays}]}],
//            (found_after: operations performed before the guilty one; replays: false if seen only once)
//    remarks: [{entry, errno_changed_by_success}],
//    footprint: {held, live}}   (bytes, peaks of the case with the largest ratio; 0: nobody watched)
std::string VerdictJson(const CampaignResult& result);

// The operations of a case with what came back from each; the first operation that broke a rule is marked
// and followed by expected and actual. Long cases are cut to the neighbourhood unless `whole`.
std::string Listing(const Case& c, const Journal& journal, const Judgement& judgement, bool whole);

// "1,234,567".
std::string WithCommas(std::uint64_t n);

// "12.3 MiB".
std::string Bytes(std::uint64_t n);

}  // namespace breakproof::harness
