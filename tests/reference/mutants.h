// Which mistake the changed copy of the reference allocator makes; included by the compiler's command line.
#pragma once

#include <string_view>

namespace breakproof::model::reference {

inline std::string_view active_mutant;

}  // namespace breakproof::model::reference

#define MUTANT(id) (::breakproof::model::reference::active_mutant == #id)
#define BREAKPROOF_REFERENCE "tests/reference/mutated/allocator.h"
