// Loads and stores of one byte that report a fault instead of dying of it (rule C12). x86-64 only.
#pragma once

#include "model/kernel/kernel.h"

namespace breakproof::harness {

// Installs handlers for SIGSEGV and SIGBUS. Faults elsewhere than in the probes kill the process as usual.
void InstallProbeHandler();

// The byte (0-255), or one of model::kFault...; any other fault gives kFaultUnknown.
inline constexpr int kFaultUnknown = -9;
int ProbeLoad(model::Word address);
// 0 or a fault.
int ProbeStore(model::Word address, std::uint8_t value);

}  // namespace breakproof::harness
