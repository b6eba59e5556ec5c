// Cases as text: one operation a line, reviewable in a diff.
//
//   # breakproof case v1            the first line, always; v2 if any line is one that is marked v2 below
//   # any words                     notes, kept
//   kernel  refuse=mmap@2 refuse=brk@5+ gap=4K room=64K    what the kernel does; before the first operation
//   t0  a = malloc 24
//   t0  b = calloc 3 8              count, size
//   t1  c = memalign 64 100         alignment, size; so are aligned_alloc and posix_memalign
//   t0  a = realloc a 4096          slot, size
//   t0  b = reallocarray b 10 20    slot, count, size
//   t0  d = valloc 1                also pvalloc
//   t0  malloc_usable_size a
//   t1  free a                      # a comment; this free is remote if t0 made the block
//   t1  exit                        the thread ends; its next operation starts a fresh one
//   t0  check                       every live block's bytes are looked at
//   t1  free_sized b                the size is the one asked for; free_aligned_sized tells the alignment as well
//   t0  e = new 24                  also new_array, new_nothrow and new_array_nothrow
//   t0  e = new_aligned 64 100      alignment, size; also new_array_aligned, ..._nothrow
//   t0  delete e                    for arrays, and with the alignment, if e was made so; delete_sized, delete_nothrow
//   t1  start                       a thread begins with nothing else
//   t0  touch a 100 8               offset, length: verified, overwritten, verified, restored
//   t0  malloc_trim 0               the padding to leave
//   t0  clock 1000                  milliseconds pass
//   t0  refuse mmap 3               the kernel refuses the next three; SIZE_MAX: from now on; 0: no longer; any
//   t0  block 64K                   somebody maps a page 64 KiB above the break
//   t0  fork                        the child frees everything, allocates a bit, exits with 0
//   t0  mallopt mmap_threshold 64K  a parameter (model/policy/option.h) and its value, an int
//   t0  a = malloc 24 untouched     v2: what is written into a block, last in the line of any allocation: pattern (as
//                                   if nothing is said), untouched, first_word_left, last_byte, first_half, zero, hostile
//   t0  write a zero                v2: a block is written anew
//   t0  copy a b                    v2: the bytes of a go into b, as far as both reach, 64 KiB at most
//   t0  sbrk 4096                   the program moves the break itself; -4096 lowers it
//
// What is written (harness/case/operation/content.h): a block that is untouched holds what the subject left there, or kept of
// the block that realloc was given; that is read when the block is handed out, and must stay as it is. `hostile` are words
// that look like the subject's own, made of what it has left in memory before (harness/execute/hostile.h).
//
// Threads are t0 to t15. A slot is a name of letters, digits and underscores; it is NULL until assigned, after a failed
// call, and once its block was freed; assigning to it again forgets the old value. `null` reads as NULL.
//
// What an operator new made is left to its operator delete also by free, what it did not make to free also by delete,
// and realloc of it is realloc of NULL: C++ allows nothing else. An alignment of operator new that is no power of two is
// rounded up to one. Where operator new would throw, it returns NULL if that can be known, or else ends the process.
//
// A subject without C++ operators is given what libstdc++'s would call, one without an entry point of C23 free; one
// without mallopt, malloc_trim or a clock to advance is left as it is; so is a kernel that nobody can make refuse.
// `refuse=brk@5+` refuses the fifth brk and all that follow, `any` counts all types together; `gap` is what somebody else
// takes before the break grows, `room` what it can grow before it meets a mapping; with
// `runtime=cxx` libstdc++ is loaded beside the subject. An allocation may be left unnamed.
// Numbers are decimal or 0x..., may end in K, M or G, and may be written SIZE_MAX or PTRDIFF_MAX with + or - a number
// behind it.
#pragma once

#include <string>
#include <string_view>

#include "harness/case/case.h"

namespace breakproof::harness {

// The whole case. Parsing it yields the same case, with slots numbered in order of first use, and so the
// same text again.
std::string PrintCase(const Case& c);

// One operation without its line end, such as "t0  a = malloc 24".
std::string PrintOperation(const Operation& operation, const std::vector<std::string>& slot_names);

struct ParseError {
  int line = 0;         // from 1
  std::string message;  // one sentence
};

// Parses a whole case. On failure returns false and fills `error`; `c` is then unspecified.
bool ParseCase(std::string_view text, Case* c, ParseError* error);

}  // namespace breakproof::harness
