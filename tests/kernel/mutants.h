// Which rule the changed copy of the model breaks; included into its sources by the compiler's command line.
#pragma once

#include <optional>

#include "model/rules/rule.h"

namespace breakproof::model {

inline std::optional<Rule> active_mutant;

}  // namespace breakproof::model

#define MUTANT(id) (::breakproof::model::active_mutant == ::breakproof::model::Rule::id)
