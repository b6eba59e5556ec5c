// Wrong numbers for the model of glibc's policy: each must be found to differ from glibc.
#pragma once

#include <cstdint>

#include "model/policy/glibc/constants.h"

namespace breakproof::tests {

using model::glibc::Constants;

struct PolicyMutant {
  const char* name;
  std::uint64_t Constants::* number;
  std::uint64_t wrong;
};

inline constexpr PolicyMutant kPolicyMutants[] = {
    {"trims a page too little", &Constants::trim_keeps, Constants{}.trim_keeps + 4096},
    {"trims when top is a page short of it", &Constants::trim_threshold, Constants{}.trim_threshold - 4096},
    {"forgets the padding", &Constants::top_pad, 0},
    {"adapts at exactly 32 MiB: flag bits not counted", &Constants::mapped_flag_bits, 0},
    {"adapts beyond 32 MiB", &Constants::max_adapted, 64 << 20},
    {"adapted trim threshold not doubled", &Constants::trim_factor, 1},
    {"maps from 16 bytes below the threshold on", &Constants::mmap_threshold, Constants{}.mmap_threshold - 16},
    {"maps without room for the second word", &Constants::mapping_overhead, 0},
    {"no consolidation and trim at 64 KiB", &Constants::consolidate_from, 128 << 10},
    {"fallback mapping not rounded to 1 MiB", &Constants::fallback_unit, 4096},
    {"thread cache one deeper", &Constants::cache_depth, 8},
    {"thread cache one size short", &Constants::cache_bins, 63},
    {"thread cache's own block 16 bytes short", &Constants::cache_request, 624},
    {"fastbins one size longer", &Constants::max_fast, 144},
    {"small bins end one size early", &Constants::small_limit, 1008},
};

}  // namespace breakproof::tests
