// The prover is itself shown to fail: one theorem for each verdict.
#include "tests/proofs/theorem.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

namespace breakproof::proofs {
namespace {

using Kind = Verdict::Kind;

struct TrueClaim {
  template <typename Word>
  static void State(Claims<Word>& proof) {
    const Word x = proof.Any("x");
    proof.Assume(x < 100);
    proof.Prove("no wrap", x + 1 > x);
    proof.Prove("half", (x >> 1) <= x);
  }
};

// Unsigned comparison: true of signed numbers only.
struct FalseClaim {
  template <typename Word>
  static void State(Claims<Word>& proof) {
    const Word x = proof.Any("x");
    proof.Assume(x > 41);
    proof.Prove("true", x != 0);
    proof.Prove("false", x + 42 > x);
  }
};

struct Vacuous {
  template <typename Word>
  static void State(Claims<Word>& proof) {
    const Word x = proof.Any("x");
    proof.Assume(x < 5);
    proof.Assume(x > 5);
    proof.Prove("anything", x == 7);
  }
};

struct UndefinedShift {
  template <typename Word>
  static void State(Claims<Word>& proof) {
    const Word x = proof.Any("x");
    proof.Assume(x <= 64);
    proof.Prove("true of the solver's shift", (Word(0) << x) == 0);
  }
};

struct UndefinedDivision {
  template <typename Word>
  static void State(Claims<Word>& proof) {
    const Word x = proof.Any("x");
    proof.Prove("true of the solver's division", x / x <= x / x);
  }
};

// Too hard for a millisecond: the product of two numbers has many forms.
template <typename Word>
void StateDistributivity(Claims<Word>& proof) {
  const Word x = proof.Any("x");
  const Word y = proof.Any("y");
  proof.Prove("hard", ((x | y) * (x & y)) + ((x & ~y) * (~x & y)) == x * y);
}

struct TooHard {
  static void State(Claims<ProofWord>& proof) {
    proof.timeout_milliseconds = 1;
    StateDistributivity(proof);
  }
  static void State(Claims<std::uint64_t>& proof) { StateDistributivity(proof); }
};

struct LateAssumption {
  template <typename Word>
  static void State(Claims<Word>& proof) {
    const Word x = proof.Any("x");
    proof.Prove("claim", x == x);
    proof.Assume(x > 5);
  }
};

template <typename Body>
Theorem Make() {
  return {"Z0", "", "", [](Claims<ProofWord>& proof) { Body::State(proof); },
          [](Claims<std::uint64_t>& proof) { Body::State(proof); }};
}

TEST(Decide, ProvesWhatIsTrue) {
  const Verdict verdict = Decide(Make<TrueClaim>());
  EXPECT_EQ(verdict.kind, Kind::kProved);
  EXPECT_EQ(verdict.claims, 2u);
  EXPECT_EQ(verdict.definedness, 1u);
}

TEST(Decide, RefutesWithValuesThatTheMachineConfirms) {
  const Verdict verdict = Decide(Make<FalseClaim>());
  ASSERT_EQ(verdict.kind, Kind::kRefuted);
  EXPECT_EQ(verdict.label, "false");
  ASSERT_EQ(verdict.values.size(), 1u);
  EXPECT_GE(verdict.values[0], UINT64_MAX - 41);
  EXPECT_TRUE(MachineAgrees(Make<FalseClaim>(), verdict));
}

TEST(Decide, TheMachineCanDisagree) {
  Verdict verdict = Decide(Make<FalseClaim>());
  verdict.values = {1000};
  EXPECT_FALSE(MachineAgrees(Make<FalseClaim>(), verdict)) << "the claim holds there";
  verdict.values = {0};
  EXPECT_FALSE(MachineAgrees(Make<FalseClaim>(), verdict)) << "the assumption does not hold there";
}

TEST(Decide, ContradictoryAssumptionsProveNothing) {
  EXPECT_EQ(Decide(Make<Vacuous>()).kind, Kind::kVacuous);
}

TEST(Decide, UndefinedOperationsAreRefuted) {
  const Verdict shift = Decide(Make<UndefinedShift>());
  EXPECT_EQ(shift.kind, Kind::kRefuted);
  EXPECT_TRUE(shift.is_about_definedness);
  ASSERT_EQ(shift.values.size(), 1u);
  EXPECT_EQ(shift.values[0], 64u);
  const Verdict division = Decide(Make<UndefinedDivision>());
  EXPECT_EQ(division.kind, Kind::kRefuted);
  EXPECT_TRUE(division.is_about_definedness);
}

TEST(Decide, GivingUpIsNotProof) { EXPECT_EQ(Decide(Make<TooHard>()).kind, Kind::kUnknown); }

TEST(Decide, AssumptionsComeFirst) {
  EXPECT_THROW(Decide(Make<LateAssumption>()), std::logic_error);
}

}  // namespace
}  // namespace breakproof::proofs
