#include "harness/worker/inside/providers.h"

#include <gnu/libc-version.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/worker/inside/monitor.h"

// C23; not every libc and not every subject has them.
extern "C" {
void free_sized(void*, std::size_t) __attribute__((weak));
void free_aligned_sized(void*, std::size_t, std::size_t) __attribute__((weak));
}

// C++'s, by their mangled names: this program must not be linked with a C++ library.
#define OPERATORS_NEW(name)                                                                  \
  void* name(std::size_t) __attribute__((weak));                                             \
  void* name##RKSt9nothrow_t(std::size_t, const void*) __attribute__((weak));                \
  void* name##St11align_val_t(std::size_t, std::size_t) __attribute__((weak));               \
  void* name##St11align_val_tRKSt9nothrow_t(std::size_t, std::size_t, const void*) __attribute__((weak))
#define OPERATORS_DELETE(name)                                                  \
  void name(void*) __attribute__((weak));                                       \
  void name##m(void*, std::size_t) __attribute__((weak));                       \
  void name##RKSt9nothrow_t(void*, const void*) __attribute__((weak));          \
  void name##St11align_val_t(void*, std::size_t) __attribute__((weak));         \
  void name##mSt11align_val_t(void*, std::size_t, std::size_t) __attribute__((weak)); \
  void name##St11align_val_tRKSt9nothrow_t(void*, std::size_t, const void*) __attribute__((weak))
extern "C" {
OPERATORS_NEW(_Znwm);
OPERATORS_NEW(_Znam);
OPERATORS_DELETE(_ZdlPv);
OPERATORS_DELETE(_ZdaPv);
}

namespace breakproof::harness {

namespace {

// By libc's own idea of the break. Stays until the process ends.
void BlockBreak(std::uint64_t room) {
  constexpr std::uint64_t kPage = 4096;
  constexpr std::uint64_t kUserSpaceEnd = 1ull << 47;
  const auto now = reinterpret_cast<std::uintptr_t>(sbrk(0));
  if (room > kUserSpaceEnd) return;
  void* const page = reinterpret_cast<void*>((now + room + kPage - 1) / kPage * kPage);
  mmap(page, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
}

}  // namespace

// Filled by relocation, so that nothing has run in the subject when the first operation is performed.
MallocFamily resolved_family = {
    malloc,        calloc,         realloc, reallocarray, free,
    memalign,      aligned_alloc,  posix_memalign, valloc, pvalloc,
    malloc_usable_size, mallopt, sbrk, free_sized,   free_aligned_sized,
    malloc_trim, nullptr, RefuseCalls, BlockBreak, fork,
    {.allocate = {_Znwm, _Znam},
     .allocate_nothrow = {_ZnwmRKSt9nothrow_t, _ZnamRKSt9nothrow_t},
     .allocate_aligned = {_ZnwmSt11align_val_t, _ZnamSt11align_val_t},
     .allocate_aligned_nothrow = {_ZnwmSt11align_val_tRKSt9nothrow_t, _ZnamSt11align_val_tRKSt9nothrow_t},
     .release = {_ZdlPv, _ZdaPv},
     .release_sized = {_ZdlPvm, _ZdaPvm},
     .release_nothrow = {_ZdlPvRKSt9nothrow_t, _ZdaPvRKSt9nothrow_t},
     .release_aligned = {_ZdlPvSt11align_val_t, _ZdaPvSt11align_val_t},
     .release_aligned_sized = {_ZdlPvmSt11align_val_t, _ZdaPvmSt11align_val_t},
     .release_aligned_nothrow = {_ZdlPvSt11align_val_tRKSt9nothrow_t, _ZdaPvSt11align_val_tRKSt9nothrow_t}}};

namespace {

struct Search {
  std::uintptr_t address;
  std::uintptr_t base;
  const char* name;
};

int ContainsAddress(dl_phdr_info* info, std::size_t, void* argument) {
  auto* search = static_cast<Search*>(argument);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t start = info->dlpi_addr + segment.p_vaddr;
    if (search->address < start || search->address >= start + segment.p_memsz) continue;
    search->base = info->dlpi_addr;
    search->name = info->dlpi_name;
    return 1;
  }
  return 0;
}

template <typename Function>
Search ProviderOf(Function* function) {
  Search search = {};
  search.address = reinterpret_cast<std::uintptr_t>(function);
  dl_iterate_phdr(ContainsAddress, &search);
  return search;
}

// A C++ library that is loaded as well has operators that call malloc: nothing of the subject's is seen through them.
// Others of them it may define upon the subject's own.
template <typename Function>
void ForgetForeign(Function** function, std::uintptr_t subject) {
  if (*function != nullptr && ProviderOf(*function).base != subject) *function = nullptr;
}

void KeepOwnOperators(std::uintptr_t subject, JournalHeader* header) {
  CppOperators& own = resolved_family.operators;
  ForgetForeign(&own.allocate[0], subject);
  ForgetForeign(&own.release[0], subject);
  ForgetForeign(&own.allocate_aligned[0], subject);
  ForgetForeign(&own.release_aligned[0], subject);
  header->has_operators = own.HasPlain();
  header->has_aligned_operators = own.HasAligned();
}

}  // namespace

void FindProviders(JournalHeader* header) {
  const MallocFamily& family = resolved_family;
  // In the order of model::Entry; operators that are not the subject's are the C++ library's to define.
  constexpr int kFunctions = static_cast<int>(model::Entry::kNew);
  const Search providers[kFunctions] = {
      ProviderOf(family.malloc),        ProviderOf(family.calloc),
      ProviderOf(family.realloc),       ProviderOf(family.reallocarray),
      ProviderOf(family.free),          ProviderOf(family.memalign),
      ProviderOf(family.aligned_alloc), ProviderOf(family.posix_memalign),
      ProviderOf(family.valloc),        ProviderOf(family.pvalloc),
      ProviderOf(family.malloc_usable_size),
      ProviderOf(family.free_sized),    ProviderOf(family.free_aligned_sized)};
  const Search libc = ProviderOf(gnu_get_libc_version);
  const Search& subject = providers[0];
  header->malloc_is_libcs = subject.base == libc.base;
  header->foreign_entries = 0;
  for (int entry = 0; entry < kFunctions; ++entry) {
    // libc's reallocarray is sound in any case: it calls realloc as the program would.
    const bool calls_realloc = entry == static_cast<int>(model::Entry::kReallocarray) &&
                               providers[entry].base == libc.base;
    const bool is_absent = providers[entry].address == 0;  // only C23's: the executor gives free instead
    if (providers[entry].base != subject.base && !calls_realloc && !is_absent) header->foreign_entries |= 1u << entry;
  }
  const auto usable = static_cast<int>(model::Entry::kUsableSize);
  header->has_usable_size = (header->foreign_entries >> usable & 1) == 0;
  if (!header->has_usable_size) resolved_family.malloc_usable_size = nullptr;
  // libc's mallopt and malloc_trim would concern a heap that nobody uses.
  if (ProviderOf(family.mallopt).base != subject.base) resolved_family.mallopt = nullptr;
  if (ProviderOf(family.malloc_trim).base != subject.base) resolved_family.malloc_trim = nullptr;
  KeepOwnOperators(subject.base, header);
  strncpy(header->provider, subject.name == nullptr ? "" : subject.name, sizeof header->provider - 1);
}

}  // namespace breakproof::harness
