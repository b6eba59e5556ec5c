// What a person and what a program is told at the end of a campaign.
#pragma once

#include <string>

#include "harness/search/campaign/campaign.h"
#include "harness/explain/verdict/format.h"

namespace breakproof::harness {

// The closing table: a line a rule, then a paragraph a violation. Ends with a line end.
std::string VerdictTable(const CampaignResult& result);

// schema_version 1:
//   {schema_version, library, hash, has_operators (C++'s new and delete are the library's own), seed, operations, seconds, interrupted,
//    rules: [{id, title, exercised, verdict: held|violated|not_exercised|not_observable,
//             violations: [{operation, expected, actual, clause, case, found_after, replays}]}],
//            (found_after: operations performed before the guilty one; replays: false if seen only once)
//    remarks: [{entry, errno_changed_by_success}],
//    footprint: {held, live}}   (bytes, peaks of the case with the largest ratio; 0: nobody watched)
std::string VerdictJson(const CampaignResult& result);

}  // namespace breakproof::harness
