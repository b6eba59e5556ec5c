// The whole modelled kernel: one call in, one result out.
#pragma once

#include "model/break/libc_break.h"
#include "model/contents/contents.h"
#include "model/mapping/calls.h"

namespace breakproof::model {

enum class CallKind : std::uint8_t {
  kBrk,        // address: the raw system call
  kLibcBrk,    // address
  kLibcSbrk,   // value: increment, two's complement
  kMmap,       // address length protection flags descriptor offset
  kMunmap,     // address length
  kMprotect,   // address length protection
  kMremap,     // address length new_length flags new_address
  kMadvise,    // address length advice
  kLimitData,  // value, flags: soft RLIMIT_DATA
  kLimitAs,    // value, flags: soft RLIMIT_AS
  kLoad,       // address: one byte by the CPU
  kStore,      // address value: one byte by the CPU
  kPwrite,     // descriptor offset length value: `length` bytes value, value+1, ...
  kTruncate,   // descriptor offset: new size
};
inline constexpr int kCallKinds = 14;

// Limits: flags 0 means value counts from what the process uses outside the window, flags 1 absolute bytes.
inline constexpr unsigned kAbsoluteLimit = 1;

struct Call {
  CallKind kind = CallKind::kBrk;
  Word address = 0;
  Word length = 0;
  Word new_length = 0;
  Word new_address = 0;
  unsigned protection = 0;
  unsigned flags = 0;
  int descriptor = -1;
  int advice = 0;
  Word offset = 0;
  Word value = 0;
  friend bool operator==(const Call&, const Call&) = default;
};

// A load or store that faults has one of these in Result::error (C12).
inline constexpr int kFaultUnmapped = -1;   // SIGSEGV, code 1
inline constexpr int kFaultForbidden = -2;  // SIGSEGV, code 2
inline constexpr int kFaultPastEnd = -3;    // SIGBUS, code 2

class Kernel {
 public:
  explicit Kernel(const Machine& machine) : state_(machine), libc_{machine.lowest_break} {}

  // A file that exists before the first call, with its bytes.
  void AddFile(int object, const std::vector<std::uint8_t>& bytes);

  Result Perform(const Call& call, Chooser& chooser);

  // The limit in bytes that a kLimit call sets.
  static Word LimitOf(const Machine& machine, const Call& call);

  State& state() { return state_; }
  const State& state() const { return state_; }
  Contents& contents() { return contents_; }
  Word libc_break() const { return libc_.cached; }
  // What the last call did to the mappings.
  const std::vector<Effect>& effects() const { return effects_; }

 private:
  Result Dispatch(const Call& call, Chooser& chooser);
  Result Load(Word address);
  Result Store(Word address, std::uint8_t value);
  Result Pwrite(const Call& call);

  State state_;
  Contents contents_;
  LibcBreak libc_;
  std::vector<Effect> effects_;
};

}  // namespace breakproof::model
