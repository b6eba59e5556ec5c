#include "harness/kernel/real/cpu_probe.h"

#include <signal.h>
#include <ucontext.h>

// The faulting instruction is the first of each probe, so that the handler recognises it by address.
asm(R"(
    .text
    .globl breakproof_probe_load
breakproof_probe_load:
    movzbl (%rdi), %eax
    ret
    .globl breakproof_probe_store
breakproof_probe_store:
    movb %sil, (%rdi)
    xorl %eax, %eax
    .globl breakproof_probe_return
breakproof_probe_return:
    ret
)");

extern "C" {
int breakproof_probe_load(breakproof::model::Word address);
int breakproof_probe_store(breakproof::model::Word address, std::uint8_t value);
void breakproof_probe_return();
}

namespace breakproof::harness {
namespace {

int FaultCode(int signal, int code) {
  if (signal == SIGSEGV && code == SEGV_MAPERR) return model::kFaultUnmapped;
  if (signal == SIGSEGV && code == SEGV_ACCERR) return model::kFaultForbidden;
  if (signal == SIGBUS && code == BUS_ADRERR) return model::kFaultPastEnd;
  return kFaultUnknown;
}

void OnFault(int signal, siginfo_t* info, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto at = static_cast<model::Word>(registers[REG_RIP]);
  const bool ours = at == reinterpret_cast<model::Word>(&breakproof_probe_load) ||
                    at == reinterpret_cast<model::Word>(&breakproof_probe_store);
  if (!ours) {
    ::signal(signal, SIG_DFL);  // the instruction faults again and kills
    return;
  }
  registers[REG_RAX] = FaultCode(signal, info->si_code);
  registers[REG_RIP] = reinterpret_cast<greg_t>(&breakproof_probe_return);
}

}  // namespace

void InstallProbeHandler() {
  struct sigaction action = {};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

int ProbeLoad(model::Word address) { return breakproof_probe_load(address); }
int ProbeStore(model::Word address, std::uint8_t value) { return breakproof_probe_store(address, value); }

}  // namespace breakproof::harness
