// Which slip of mutants.txt is switched on, in this process and in the workers that it starts. Included into the
// changed sources by the compiler's command line.
#pragma once

#include <stdlib.h>
#include <string.h>

namespace breakproof::tests {

inline constexpr char kSlipVariable[] = "BREAKPROOF_HARNESS_MUTANT";

inline bool IsSlipOn(const char* name) {
  const char* const slip = getenv(kSlipVariable);
  return slip != nullptr && strcmp(slip, name) == 0;
}

}  // namespace breakproof::tests

#define MUTANT(id) (::breakproof::tests::IsSlipOn(#id))
