// Rules P1 to P35 of glibc 2.36's policy: which the model follows, and which not and why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace breakproof::model::glibc {

enum class PolicyRule : std::uint8_t {
  kP1, kP2, kP3, kP4, kP5, kP6, kP7, kP8, kP9, kP10, kP11, kP12, kP13, kP14, kP15, kP16, kP17, kP18,
  kP20, kP21, kP22, kP23, kP24, kP30, kP31, kP32, kP33, kP34, kP35,
};

struct PolicyRuleText {
  PolicyRule rule;
  std::string_view id;
  std::string_view title;
  std::string_view not_modelled;  // why not; empty: modelled
};

inline constexpr std::array kPolicyRules = {
    PolicyRuleText{PolicyRule::kP1, "P1", "the first block is the thread cache's: query the break, grow it once", ""},
    PolicyRuleText{PolicyRule::kP2, "P2", "free chunks and top serve first, whatever the mapping threshold says", ""},
    PolicyRuleText{PolicyRule::kP3, "P3", "chunks from the mapping threshold on get a mapping of their own", ""},
    PolicyRuleText{PolicyRule::kP4, "P4", "otherwise the break grows by what top lacks, and the padding", ""},
    PolicyRuleText{PolicyRule::kP5, "P5", "a refused mapping is tried on the heap", ""},
    PolicyRuleText{PolicyRule::kP6, "P6", "a refused break is replaced by a mapping that becomes the new top", ""},
    PolicyRuleText{PolicyRule::kP7, "P7", "after that, growth tries the break first, with the full size; a misaligned break aborts", ""},
    PolicyRuleText{PolicyRule::kP8, "P8", "a break moved up by others costs a second call, or later the process; the old top is freed", ""},
    PolicyRuleText{PolicyRule::kP9, "P9", "that freeing may trim what was just obtained, and the request fails", ""},
    PolicyRuleText{PolicyRule::kP10, "P10", "a break moved down by others aborts the next growth", ""},
    PolicyRuleText{PolicyRule::kP11, "P11", "a heap that starts misaligned costs an extra call to align its end", ""},
    PolicyRuleText{PolicyRule::kP12, "P12", "requests beyond PTRDIFF_MAX fail without a call, just below with two", ""},
    PolicyRuleText{PolicyRule::kP13, "P13", "at most M_MMAP_MAX mappings; further large requests use the heap", ""},
    PolicyRuleText{PolicyRule::kP14, "P14", "a freed chunk of 64 KiB trims a top beyond the trim threshold", ""},
    PolicyRuleText{PolicyRule::kP15, "P15", "no trim unless the break is where glibc left it", ""},
    PolicyRuleText{PolicyRule::kP16, "P16", "malloc_trim purges free chunks and trims",
                   "cases have no malloc_trim operation"},
    PolicyRuleText{PolicyRule::kP17, "P17", "a mapped chunk is unmapped inside free, exactly", ""},
    PolicyRuleText{PolicyRule::kP18, "P18", "the thread cache and fastbins take small chunks without a call", ""},
    PolicyRuleText{PolicyRule::kP20, "P20", "freeing a mapping raises the mapping threshold to it, the trim threshold to twice that", ""},
    PolicyRuleText{PolicyRule::kP21, "P21", "flag bits count: a mapping of exactly 32 MiB raises nothing", ""},
    PolicyRuleText{PolicyRule::kP22, "P22", "mallopt of a threshold, padding or maximum ends the adaptation", ""},
    PolicyRuleText{PolicyRule::kP23, "P23", "a mapping threshold above 32 MiB is accepted", ""},
    PolicyRuleText{PolicyRule::kP24, "P24", "realloc adapts nothing", ""},
    PolicyRuleText{PolicyRule::kP30, "P30", "realloc of a mapped chunk is mremap, or nothing when its pages suffice exactly", ""},
    PolicyRuleText{PolicyRule::kP31, "P31", "a heap chunk that must move is allocated like any other, mapped if large", ""},
    PolicyRuleText{PolicyRule::kP32, "P32", "calloc clears what is not known to be fresh",
                   "about bytes, not calls: rule H5 of the heap model checks it"},
    PolicyRuleText{PolicyRule::kP33, "P33", "aligned blocks ask for chunk + alignment + 32, and keep a mapping's leading pages", ""},
    PolicyRuleText{PolicyRule::kP34, "P34", "other threads' arenas: reserved mappings, grown by mprotect",
                   "the model has the main arena only: operations of other threads are not predicted"},
    PolicyRuleText{PolicyRule::kP35, "P35", "huge-page tunables round growth and advise it",
                   "a tunable is an environment; cases run without any"},
};

inline constexpr std::size_t kPolicyRuleCount = kPolicyRules.size();

static_assert([] {
  for (std::size_t i = 0; i < kPolicyRuleCount; ++i) {
    if (kPolicyRules[i].rule != static_cast<PolicyRule>(i)) return false;
  }
  return true;
}(), "the table is indexed by the enumeration");

constexpr const PolicyRuleText& TextOf(PolicyRule rule) { return kPolicyRules[static_cast<std::size_t>(rule)]; }

}  // namespace breakproof::model::glibc
