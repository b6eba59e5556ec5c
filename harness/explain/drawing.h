// A run of a case as text: each operation with what came back, expected against actual, and the memory around
// the guilty block.
#pragma once

#include <string>

#include "harness/explain/address_names.h"
#include "harness/explain/trace.h"

namespace breakproof::harness {

// The operations with what came back from each; the first operation that broke a rule is marked and followed by
// expected and actual. Long cases are cut to the neighbourhood unless `whole`.
std::string Listing(const Trace& trace, bool whole);

// What came back from the operation with this index: "break+0x2a0, usable 24", "NULL, errno ENOMEM".
std::string WhatCameBack(const Trace& trace, std::size_t index, const AddressNames& names);

// The memory after the operation with this index, or before it if it did not come to an end: the blocks around
// the block it concerns with sizes and makers, what lies between them, free lists and spans where the
// allocator shows them, and then every region that the allocator holds. Empty if that moment was not watched.
std::string Drawing(const Trace& trace, std::size_t operation);

}  // namespace breakproof::harness
