#include "fuzz/mutator/mutate.h"

#include <array>

#include "fuzz/mutator/mutations.h"

namespace breakproof::fuzz {

using namespace harness;

namespace {

constexpr std::array kMutations = {
    Mutation{"insert", 12, Insert},
    Mutation{"delete", 8, Delete},
    Mutation{"duplicate", 6, Duplicate},
    Mutation{"repeat", 5, Repeat},
    Mutation{"reorder", 6, Reorder},
    Mutation{"move_size_to_boundary", 10, MoveSizeToBoundary},
    Mutation{"nudge_size", 6, NudgeSize},
    Mutation{"move_alignment_to_boundary", 4, MoveAlignmentToBoundary},
    Mutation{"change_count", 2, ChangeCount},
    Mutation{"retarget", 8, Retarget},
    Mutation{"change_entry", 5, ChangeEntry},
    Mutation{"change_content", 5, ChangeContent},
    Mutation{"change_thread", 5, ChangeThread},
    Mutation{"new_thread_first", 2, NewThreadFirst},
    Mutation{"exit_thread", 3, ExitThread},
    Mutation{"toggle_refusal", 6, ToggleRefusal},
    Mutation{"change_break", 2, ChangeBreak},
};

const Mutation& AnyMutation(Random& random) {
  unsigned total = 0;
  for (const Mutation& mutation : kMutations) total += mutation.weight;
  auto draw = static_cast<unsigned>(random.Below(total));
  for (const Mutation& mutation : kMutations) {
    if (draw < mutation.weight) return mutation;
    draw -= mutation.weight;
  }
  return kMutations.front();
}

}  // namespace

std::span<const Mutation> Mutations() { return kMutations; }

void Mutate(Case& c, Random& random, std::size_t most) {
  do {
    AnyMutation(random).apply(c, random, most);
  } while (random.OneIn(3));
}

}  // namespace breakproof::fuzz
