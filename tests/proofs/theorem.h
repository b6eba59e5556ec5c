// Theorems: what one looks like, and where all of them are found.
//
// A theorem is a template over the Word, like the source that it is about. With ProofWord it states
// claims that Z3 decides for all values; with std::uint64_t the same claims run on the machine, for
// values that someone chooses.
//
//   BREAKPROOF_THEOREM(Z99, "AlignUp gives no less than it was given.") {
//     const Word x = proof.Any("x");
//     proof.Assume(x < 100);
//     proof.Prove("not smaller", AlignUp<Word>(x, 16) >= x);
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/proofs/proof_word.h"

namespace breakproof::proofs {

// Where a theorem puts its variables, assumptions and claims.
template <typename Word>
class Claims;

// For all values: collects, for Decide.
template <>
class Claims<ProofWord> {
 public:
  struct Claim {
    std::string label;
    ProofBool condition;
  };

  ProofWord Any(const std::string& name) {
    names.push_back(name);
    variables.push_back(Variable(name));
    return variables.back();
  }
  // All assumptions come before the first claim: on the machine, one that does not hold ends the
  // theorem.
  void Assume(ProofBool condition) {
    if (!claims.empty()) throw std::logic_error("an assumption after a claim");
    assumptions.push_back(condition);
  }
  void Prove(const std::string& label, ProofBool condition) {
    claims.push_back({label, condition});
  }

  std::vector<std::string> names;
  std::vector<ProofWord> variables;
  std::vector<ProofBool> assumptions;
  std::vector<Claim> claims;
  unsigned timeout_milliseconds = 30'000;  // for one question to the solver
};

// On the machine: each variable has one value. Ends the theorem by an exception when an assumption
// does not hold, so that nothing undefined is computed.
template <>
class Claims<std::uint64_t> {
 public:
  struct AssumptionFails {};

  explicit Claims(std::function<std::uint64_t(const std::string& name)> choose)
      : choose_(std::move(choose)) {}

  std::uint64_t Any(const std::string& name) { return choose_(name); }
  void Assume(bool condition) {
    if (!condition) throw AssumptionFails();
  }
  void Prove(const std::string& label, bool condition) {
    if (!condition) failed.push_back(label);
  }

  std::vector<std::string> failed;  // labels of the claims that do not hold

 private:
  std::function<std::uint64_t(const std::string& name)> choose_;
};

// What theorems need beside the operators of a Word.
inline bool Implies(bool x, bool y) { return !x || y; }
inline ProofBool Implies(ProofBool x, ProofBool y) { return !x || y; }
inline unsigned __int128 Wide(std::uint64_t x) { return x; }

struct Theorem {
  std::string id;         // "Z6"
  std::string subject;    // the mutant whose source it is about; empty for the source that ships
  std::string statement;  // one sentence
  void (*for_all)(Claims<ProofWord>&);
  void (*on_machine)(Claims<std::uint64_t>&);
};

// One wrong variant of one function, and the theorems that must notice.
struct Mutant {
  std::string name;
  std::string header;
  std::string original;
  std::string replacement;
  std::vector<std::string> refutes;
};

// All that is linked in, in the order of their numbers and names.
std::vector<Theorem> TheoremsAbout(const std::string& subject);
std::vector<Mutant> AllMutants();

struct Registration {
  explicit Registration(Theorem theorem);
  explicit Registration(Mutant mutant);
};

struct Verdict {
  enum class Kind {
    kProved,
    kRefuted,
    kUnknown,  // the solver gave up, which is a failure
    kVacuous,  // the assumptions contradict each other, so that nothing was proved
  };
  Kind kind;
  std::size_t claims = 0;       // stated and proved
  std::size_t definedness = 0;  // shifts and divisions proved to be defined
  double seconds = 0;
  // For a refuted theorem or an unknown answer:
  std::string label;  // of the claim
  // The claim is that an operation is defined in C++: running it on the machine means nothing.
  bool is_about_definedness = false;
  std::vector<std::string> names;
  std::vector<std::uint64_t> values;
};

// Decides a theorem for all values. Stops at the first claim that is not proved.
Verdict Decide(const Theorem& theorem);

// Whether the machine, too, finds a claim of the theorem false at the values of the verdict.
bool MachineAgrees(const Theorem& theorem, const Verdict& verdict);

// "size = 0x401 (1025), alignment = 0x40 (64)"
std::string ValuesToText(const Verdict& verdict);

}  // namespace breakproof::proofs

// Set in the copies of the theorems that are about a mutant.
#ifndef BREAKPROOF_SUBJECT
#define BREAKPROOF_SUBJECT ""
#endif

#define BREAKPROOF_THEOREM(id, statement)                                             \
  template <typename Word>                                                            \
  void State##id(::breakproof::proofs::Claims<Word>& proof);                          \
  const ::breakproof::proofs::Registration k##id(::breakproof::proofs::Theorem{       \
      #id, BREAKPROOF_SUBJECT, statement, State##id<::breakproof::proofs::ProofWord>, \
      State##id<std::uint64_t>});                                                     \
  template <typename Word>                                                            \
  void State##id(::breakproof::proofs::Claims<Word>& proof)
