// The one exception of the harness: something outside it makes a verdict impossible.
#pragma once

#include <stdexcept>
#include <string>

namespace breakproof::harness {

// Its message is one sentence for a person: what happened and what to do. `breakproof` prints it and
// exits with 11.
class CouldNotRun : public std::runtime_error {
 public:
  explicit CouldNotRun(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace breakproof::harness
