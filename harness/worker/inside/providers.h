// Which loaded library provides each entry point of the malloc family.
//
// No library but libc; calls nothing that allocates.
#pragma once

#include "harness/execute/malloc_family.h"
#include "harness/worker/journal_layout.h"

namespace breakproof::harness {

// The family as the dynamic linker resolved it for this program: the preloaded subject's functions, or
// libc's where the subject has none.
extern MallocFamily resolved_family;

// Fills foreign_entries, has_usable_size, malloc_is_libcs and provider.
void FindProviders(JournalHeader* header);

}  // namespace breakproof::harness
