// The rule book: every rule a subject is checked against, with its sentence and its clause.
//
// Identifiers are those of the documentation (H1, I1, ...). B, M, C, L and P with a number belong to the
// kernel and to glibc's policy and never appear here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace breakproof::model {

enum class RuleId : std::uint8_t { kH0, kH1, kH2, kH3, kH4, kH5, kH6, kH7, kH8, kH9, kH10, kH11, kH12, kH13, kH14, kK1, kK2, kK3, kK4, kK5, kK6, kK7, kK8, kK9, kI1, kT1, kU1 };

struct RuleText {
  RuleId rule;
  std::string_view id;
  std::string_view title;   // one sentence, what must hold
  std::string_view clause;  // the standard or manual that says so
};

// H10 and H13 take an allocator whose books can be read: the production and the reference allocator. What mallinfo2
// calls in use differs between libraries (glibc counts headers and thread caches), so that of a library loaded from
// outside is compared with nothing; that of the one that ships, and glibc's, in tests/conformance/statistics.cc.
inline constexpr std::array kRuleBook = {
    RuleText{RuleId::kH0, "H0", "every legal call returns: no crash, no abort, no hang",
             "C17 7.22.3"},
    RuleText{RuleId::kH1, "H1", "live payloads are disjoint and lie in memory that is readable and writable",
             "C17 7.22.3p1: an object disjoint from any other object"},
    RuleText{RuleId::kH2, "H2", "results are aligned as the entry point promises",
             "C23 7.24.3p1 (weak alignment), C17 7.22.3.1, POSIX posix_memalign, C++23 [basic.stc.dynamic.allocation]p3"},
    RuleText{RuleId::kH3, "H3", "usable size covers the request, is stable, plausible and writable",
             "malloc_usable_size(3)"},
    RuleText{RuleId::kH4, "H4", "payload bytes change only when the caller changes them; realloc keeps the prefix",
             "C17 6.2.4p2, 7.22.3.5p2"},
    RuleText{RuleId::kH5, "H5", "calloc returns zeroes, also on recycled memory",
             "C17 7.22.3.2p2"},
    RuleText{RuleId::kH6, "H6", "failure is NULL with ENOMEM or EINVAL; free preserves errno",
             "POSIX.1-2024 malloc, aligned_alloc, posix_memalign, free"},
    RuleText{RuleId::kH7, "H7", "a failed operation changes nothing: the old block of a failed realloc is intact",
             "C17 7.22.3.5p3"},
    RuleText{RuleId::kH8, "H8", "absurd sizes, overflowing products and invalid alignments fail cleanly",
             "C17 7.22.3.2, malloc(3): no object larger than PTRDIFF_MAX"},
    RuleText{RuleId::kH9, "H9", "the allocator does not write to a live block up to its usable size",
             "malloc_usable_size(3)"},
    RuleText{RuleId::kH10, "H10", "the allocator's own books name exactly the live blocks, with their usable sizes; its statistics are right",
             "breakproof, by introspection"},
    RuleText{RuleId::kH11, "H11", "the allocator's internal invariants hold",
             "allocator/heap/check.h, V1 to V12"},
    RuleText{RuleId::kH12, "H12", "after everything is freed, the footprint falls to a stated bound",
             "breakproof, by introspection"},
    RuleText{RuleId::kH13, "H13", "the footprint keeps to a stated bound",
             "breakproof, by introspection"},
    RuleText{RuleId::kH14, "H14", "no spurious failure: NULL only beyond a limit, or when the kernel refused a call",
             "breakproof; standards allow NULL at whim, users do not"},
    RuleText{RuleId::kK1, "K1", "from the threshold on, one mapping of exactly the request's pages", "model/policy/own"},
    RuleText{RuleId::kK2, "K2", "a mapping is unmapped inside free, exactly and at once", "model/policy/own"},
    RuleText{RuleId::kK3, "K3", "realloc of a mapping is one mremap to exactly the pages needed", "model/policy/own"},
    RuleText{RuleId::kK4, "K4", "the heap grows only when nothing free serves, and before NULL is returned",
             "model/policy/own"},
    RuleText{RuleId::kK5, "K5", "it grows by the break, wholesale; by mappings once the break refused",
             "model/policy/own"},
    RuleText{RuleId::kK6, "K6", "the break is lowered when free leaves the trim threshold below it",
             "model/policy/own"},
    RuleText{RuleId::kK7, "K7", "memory is purged only where it is free", "model/policy/own"},
    RuleText{RuleId::kK8, "K8", "no other call of the kernel", "model/policy/own"},
    RuleText{RuleId::kK9, "K9", "a kernel call concerns memory that the allocator holds, not what it gave back or others have",
             "breakproof, by watching system calls"},
    RuleText{RuleId::kI1, "I1", "every entry point of the family is the library's and works with every other",
             "glibc manual, Replacing malloc"},
    RuleText{RuleId::kT1, "T1", "fork leaves a child whose heap is whole and works", "POSIX.1-2024 fork, malloc(3)"},
    // Takes illegal calls, and no case makes any: tests/misuse commits them.
    RuleText{RuleId::kU1, "U1", "misuse ends the process with the exact sentence that is promised for it", "allocator/README.md, Misuse"},
};

inline constexpr std::size_t kRuleBookSize = kRuleBook.size();

constexpr const RuleText& TextOf(RuleId rule) { return kRuleBook[static_cast<std::size_t>(rule)]; }

// The table is indexed by the enumeration: a rule out of order would be cited under another's name.
static_assert([] {
  for (std::size_t i = 0; i < kRuleBookSize; ++i) {
    if (kRuleBook[i].rule != static_cast<RuleId>(i)) return false;
  }
  return true;
}());

constexpr std::optional<RuleId> RuleNamed(std::string_view id) {
  for (const RuleText& text : kRuleBook) {
    if (text.id == id) return text.rule;
  }
  return std::nullopt;
}

}  // namespace breakproof::model
