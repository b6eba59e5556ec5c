// The reference allocator's System in the proofs: terms for numbers, and a kernel that may refuse any call, and that
// otherwise may give any answer its contract allows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/reference/prover.h"
#include "tests/reference/subject.h"

namespace breakproof::model::reference {

class ProofSystem {
 public:
  using Word = TermWord;
  using Bool = TermBool;
  struct Product {
    Word low, high;
  };

  // What the kernel has granted, kept apart from the allocator's books.
  struct Grant {
    Word start, length;
    Bool is_held;
  };
  struct KernelState {
    Word program_break;
    std::vector<Grant> grants;
  };

  struct Copied {
    Word to, from, bytes;
  };
  struct Pages {
    Word start, length;
  };
  // What was done since the call began.
  struct Events {
    Bool moved_break{false}, refused{false};
    bool remapped = false;
    std::vector<Pages> fresh;  // by mmap
    std::vector<Copied> copies, clears;
  };

  // `heap` is the allocator's, and is looked at when the kernel decides.
  ProofSystem(Prover& prover, const Heap<ProofSystem>& heap, KernelState kernel)
      : prover_(prover), heap_(heap), kernel_(std::move(kernel)) {}

  bool Decide(Bool condition) { return prover_.Decide(condition); }
  Product Multiply(Word x, Word y);
  Word Break() { return kernel_.program_break; }
  bool MoveBreak(Word increment);
  bool Map(Word length, Word* start);
  bool Unmap(Word start, Word length);
  bool Remap(Word* start, Word old_length, Word new_length);
  void Copy(Word to, Word from, Word bytes);
  void Clear(Word to, Word bytes);

  Prover& prover() const { return prover_; }
  const KernelState& kernel() const { return kernel_; }
  const Events& events() const { return events_; }
  // A step took place of which only the contract is known; `told` is its line in a counterexample.
  void Become(const KernelState& kernel, const Events& events, const char* told, Word argument, Word result);
  // The kernel's answers, for a counterexample.
  std::string Tell(const Prover::ValueOf& value_of) const;

 private:
  enum class Answered { kGranted, kRefused, kAssumed };
  struct Answer {
    const char* call;
    Answered how;
    Word argument, result;
  };
  bool Grants(const char* call, Word argument, Word result, Bool contract);
  Bool MayMapAt(Word start, Word length) const;
  void MustHold(Word start, Word length);
  void Release(Word start, Word length);

  Prover& prover_;
  const Heap<ProofSystem>& heap_;
  KernelState kernel_;
  Events events_;
  std::vector<Answer> answers_;
};

}  // namespace breakproof::model::reference
