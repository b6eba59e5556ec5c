// What an allocator of this design holds of the kernel, followed from its calls alone: what its statistics must say.
//
// Memory that was got and could neither be entered in the allocator's books nor given back is nobody's, and counts
// nowhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "model/policy/kernel_call.h"

namespace breakproof::model::own {

// The most that there ever was. Between two numbers once memory for the allocator's books was refused within an
// operation: what was got and given back again in it may have been counted, or not.
struct Most {
  std::uint64_t at_least = 0;
  std::uint64_t at_most = 0;
  bool IsRight(std::uint64_t value) const { return at_least <= value && value <= at_most; }
};

class Supply {
 public:
  // An operation begins.
  void Begin();
  // A call that moves the break: from where to where. `is_granted`, or refused.
  void MoveBreak(std::uint64_t from, std::uint64_t to, bool is_granted);
  // Every other call. `result` is the address of a mapping; `is_own`: it is for one block.
  void Follow(const KernelCall& call, bool is_granted, std::uint64_t result, bool is_own);
  // Memory for the allocator's own books was refused.
  void BooksRefused();
  void End();

  // Bytes of the break and of segments: what the heap retails.
  std::uint64_t heap_bytes() const { return break_.bytes + segments_.bytes; }
  std::uint64_t break_bytes() const { return break_.bytes; }
  std::uint64_t segment_bytes() const { return segments_.bytes; }
  // Where the last of the break ends that it has; 0 if it has none.
  std::uint64_t break_end() const;
  const Most& most_heap_bytes() const { return most_heap_; }
  // Mappings of their own, and their lengths together.
  std::uint64_t mappings() const { return own_.ranges.size(); }
  std::uint64_t mapping_bytes() const { return own_.bytes; }
  const Most& most_mappings() const { return most_mappings_; }
  const Most& most_mapping_bytes() const { return most_mapping_bytes_; }

  // Runs of addresses that the heap retails: free memory of two is never joined.
  std::uint64_t regions() const { return break_.ranges.size() + segments_.ranges.size(); }
  bool IsOwnMapping(std::uint64_t start) const { return own_.ranges.contains(start); }
  // Of this operation: mappings that the kernel would not take back and that the heap retails from now on.
  std::uint64_t retailed() const { return retailed_; }

 private:
  struct Ranges {
    std::map<std::uint64_t, std::uint64_t> ranges;  // start to length
    std::uint64_t bytes = 0;
    void Add(std::uint64_t start, std::uint64_t length);
    void Remove(std::uint64_t start);
  };
  void Unmap(const KernelCall& call, bool is_granted);
  void Lower(std::uint64_t to);
  void Count();

  Ranges break_, segments_, own_;  // of the break: whole pages, neighbours as one
  Most most_heap_, most_mappings_, most_mapping_bytes_;
  // Of the operation under way:
  std::map<std::uint64_t, std::uint64_t> got_;  // mappings, start to length
  std::uint64_t raised_from_ = 0;
  std::uint64_t retailed_ = 0, retailed_start_ = 0;
  bool books_refused_ = false;
  std::uint64_t peak_heap_ = 0, peak_mappings_ = 0, peak_mapping_bytes_ = 0;
};

}  // namespace breakproof::model::own
