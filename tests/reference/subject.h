// The source that the search and the proofs are about: the reference allocator, or a wrong variant of it.
#pragma once

#ifndef BREAKPROOF_REFERENCE
#define BREAKPROOF_REFERENCE "model/reference/allocator.h"
#endif
#include BREAKPROOF_REFERENCE
