// Binary trees built and torn down beside one that stays: many small blocks of one size, linked to each other.
// After the GC benchmark of Ellis, Kovac and Boehm.
#include "bench/workloads/support/block.h"

namespace breakproof::bench {

namespace {

struct Node {
  Node* left;
  Node* right;
  std::uint64_t value;
};

Node* Build(int depth, std::uint64_t value) {
  Node* const node = static_cast<Node*>(NotNull(std::malloc(sizeof(Node))));
  *node = {nullptr, nullptr, value};
  if (depth > 0) {
    node->left = Build(depth - 1, 2 * value);
    node->right = Build(depth - 1, 2 * value + 1);
  }
  return node;
}

std::uint64_t TearDown(Node* node) {
  if (node == nullptr) return 0;
  const std::uint64_t sum = node->value + TearDown(node->left) + TearDown(node->right);
  std::free(node);
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  constexpr int kLongLived = 18, kDeepest = 14, kShallowest = 4;
  Node* const long_lived = Build(kLongLived, parameters.seed);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < parameters.iterations; ++i) {
    for (int depth = kShallowest; depth <= kDeepest; depth += 2) {
      // As many nodes at every depth.
      for (int tree = 0; tree < 1 << (kDeepest - depth); ++tree) {
        sum += TearDown(Build(depth, parameters.seed + i + static_cast<unsigned>(tree)));
      }
    }
  }
  return sum + TearDown(long_lived);
}

}  // namespace breakproof::bench
