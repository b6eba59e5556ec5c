// Everything the model knows about a process: its mappings, break, limits, descriptors and the machine.
#pragma once

#include <map>
#include <vector>

#include "model/mapping/address_space.h"
#include "model/rules/rule.h"

namespace breakproof::model {

// An open descriptor, as far as mapping it is concerned. `object` names the file behind it.
struct Descriptor {
  bool open = true;  // false: closed, or opened with O_PATH (M2)
  bool readable = true;
  bool writable = true;
  bool mappable = true;  // false: directory, pipe (M12)
  int object = kNoObject;
};

// What the model must be told about the machine; never changes during a run. Counts are pages.
struct Machine {
  Range window;                      // addresses the calls may use; all others are taken
  Word lowest_break = 0;             // S (B3, B5), page-aligned
  Word lowest_address = 65536;       // vm.mmap_min_addr
  Word initialised_data = 0;         // bytes of .data as the kernel counts them for L4
  Word other_pages = 0;              // mapped outside the window (L1)
  Word other_data_pages = 0;         // private writable, outside the window (L3)
  Word largest_charge = kUnlimited;  // overcommit: largest single charge, pages (L9)
  bool moves_span_areas = true;      // M52, Linux 6.17
  // Older kernels (before 6.17) look the old address up before they check sizes and the new address (M45), and
  // empty the destination before they look at the source (M53).
  bool remap_checks_arguments_first = true;
  bool remap_checks_source_first = true;
  bool populate_stops_at_holes = true;  // M79: older kernels go on behind them, as with other advice (M71)
  bool remove_needs_write = false;      // M78: before 6.6 MADV_REMOVE wanted PROT_WRITE on the mapping
  Word known_advice = 0;                // bit n: madvise knows advice n
  std::map<int, Descriptor> descriptors;
};

// Resource limits in bytes, soft values unless said otherwise.
struct Limits {
  Word data = kUnlimited;
  Word data_hard = kUnlimited;
  Word address_space = kUnlimited;
};

struct Break {
  Word lowest = 0;   // S
  Word current = 0;  // b
};

// Picks the address where the specification leaves it to the kernel (M16, M50).
class Chooser {
 public:
  virtual ~Chooser() = default;
  // Start for `length` bytes (page multiple). A free range of that length exists. The answer is validated.
  virtual Word Place(const AddressSpace& space, Word length) = 0;
};

// The kernel's usual policy (M17); a policy, not a contract.
class TopDownChooser : public Chooser {
 public:
  Word Place(const AddressSpace& space, Word length) override { return *space.HighestGap(length); }
};

struct State {
  explicit State(const Machine& on) : machine(on), space(on.window), program_break{on.lowest_break, on.lowest_break} {}

  const Machine& machine;
  AddressSpace space;
  Break program_break;
  Limits limits;
  std::map<int, Word> object_size;  // bytes, by object
  int next_object = kFirstAnonymousObject;
  RuleLog rules;

  // L1, L3, L5: may `pages` more pages with these attributes exist?
  bool MayExpand(const Attributes& attributes, Word pages);
  // L9, L10: may `pages` fresh pages with these attributes be promised?
  bool MayCharge(const Attributes& attributes, Word pages);
  bool Hit(Rule rule) {  // true, so that it can stand in a condition
    rules.Hit(rule);
    return true;
  }
};

// Result of a call: `error` is an errno value or 0.
struct Result {
  Word value = 0;
  int error = 0;
  // The kernel-chosen address was not acceptable; `value` is then what the chooser said.
  bool bad_choice = false;
  // Machines that check arguments later (M45) may report this instead.
  bool any_error = false;

  static Result Ok(Word value) { return {value, 0}; }
  static Result Error(int error) { return {~Word{0}, error}; }
};

}  // namespace breakproof::model
