// The reference allocator's System in the proofs: terms for numbers, and a kernel that may refuse any call, and that
// otherwise may give any answer its contract allows.
#pragma once

#include <string>
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
  struct Copied {
    Word to, from, bytes;
  };

  explicit ProofSystem(Prover& prover) : prover_(prover), break_(prover.Any("break")) {}

  // The kernel agrees with the books of `heap`; the break may be above the heap's end, for others raise it too.
  void Assume(const Heap<ProofSystem>& heap);

  bool Decide(Bool condition) { return prover_.Decide(condition); }
  Product Multiply(Word x, Word y);
  Word Break() { return break_; }
  bool MoveBreak(Word increment);
  bool Map(Word length, Word* start);
  bool Unmap(Word start, Word length);
  bool Remap(Word* start, Word old_length, Word new_length);
  void Copy(Word to, Word from, Word bytes);
  void Clear(Word to, Word bytes);

  const std::vector<Grant>& grants() const { return grants_; }
  const std::vector<Copied>& copies() const { return copies_; }
  const std::vector<Copied>& clears() const { return clears_; }
  bool moved_break() const { return moved_break_; }
  bool remapped() const { return remapped_; }
  bool mapped() const { return mapped_; }
  int refusals() const { return refusals_; }
  // The kernel's answers, for a counterexample.
  std::string Tell(const Prover::ValueOf& value_of) const;

 private:
  struct Answer {
    const char* call;
    bool is_granted;
    Word argument, result;
  };
  bool Grants(const char* call, Word argument, Word result, Bool contract);
  Bool MayMapAt(Word start, Word length) const;
  Bool IsLive(Word address, Word bytes) const;  // the books have a live block there with so many usable bytes
  void MustHold(Word start, Word length);
  void Release(Word start, Word length);

  Prover& prover_;
  const Heap<ProofSystem>* heap_ = nullptr;
  Word break_;
  std::vector<Grant> grants_;
  std::vector<Copied> copies_, clears_;
  std::vector<Answer> answers_;
  bool moved_break_ = false, remapped_ = false, mapped_ = false;
  int refusals_ = 0;
};

}  // namespace breakproof::model::reference
