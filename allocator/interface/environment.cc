#include "allocator/interface/environment.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "allocator/interface/parameters.h"
#include "allocator/interface/perturb.h"

#ifdef __GLIBC__
extern "C" unsigned long __getauxval(unsigned long type) noexcept;  // a program may define getauxval
#else
#define __getauxval getauxval
#endif

namespace breakproof::allocator {
namespace {

// Nothing here calls libc's functions on strings: a program may define those as well, and a lock is held.

// A setting: how it is called in the environment and in GLIBC_TUNABLES, and what it does.
struct Setting {
  const char* variable;
  const char* tunable;
  uint64_t largest;
  void (*apply)(Heap& heap, uint64_t value);
};

template <Parameter parameter>
void Set(Heap& heap, uint64_t value) {
  SetParameter(heap, parameter, value);
}

constexpr Setting kSettings[] = {
    {"MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold", UINT64_MAX, Set<Parameter::kMmapThreshold>},
    {"MALLOC_TRIM_THRESHOLD_", "glibc.malloc.trim_threshold", UINT64_MAX, Set<Parameter::kTrimThreshold>},
    {"MALLOC_TOP_PAD_", "glibc.malloc.top_pad", UINT64_MAX, Set<Parameter::kTopPad>},
    {"MALLOC_MMAP_MAX_", "glibc.malloc.mmap_max", INT_MAX, Set<Parameter::kMmapMax>},
    {"MALLOC_PERTURB_", "glibc.malloc.perturb", UINT8_MAX,
     [](Heap& heap, uint64_t value) { SetPerturb(heap, static_cast<uint8_t>(value)); }},
};

// What follows "NAME=" in `text`; nullptr if it is another's.
const char* ValueOf(const char* name, const char* text) {
  while (*name != '\0' && *name == *text) ++name, ++text;
  return *name == '\0' && *text == '=' ? text + 1 : nullptr;
}

unsigned DigitOf(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10 : UINT_MAX;
}

// As strtoul(3) with base 0 does it, which may not be called so early: it asks for the locale.
uint64_t NumberIn(const char* text) {
  while (*text == ' ' || *text == '\t') ++text;
  const bool is_negative = *text == '-';
  if (*text == '-' || *text == '+') ++text;
  unsigned base = 10;
  if (*text == '0') {
    const bool is_hexadecimal = (text[1] | 0x20) == 'x';
    base = is_hexadecimal ? 16 : 8;
    text += is_hexadecimal ? 2 : 1;
  }
  uint64_t value = 0;
  for (unsigned digit; (digit = DigitOf(*text)) < base; ++text) {
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value)) return UINT64_MAX;
  }
  return is_negative ? -value : value;
}

void Apply(const Setting& setting, const char* text, Heap& heap) {
  const uint64_t value = NumberIn(text);
  if (value <= setting.largest) setting.apply(heap, value);
}

// "name=value:name=value"; what is not known is skipped.
void ApplyTunables(const char* text, Heap& heap) {
  while (text != nullptr) {
    for (const Setting& setting : kSettings) {
      if (const char* const value = ValueOf(setting.tunable, text)) Apply(setting, value, heap);
    }
    while (*text != ':' && *text != '\0') ++text;
    text = *text == ':' ? text + 1 : nullptr;
  }
}

}  // namespace

// libc sets both at its start. A program that clears its environment later still has a name.
bool IsEnvironmentKnown() { return environ != nullptr || program_invocation_name[0] != '\0'; }

void ApplyEnvironment(Heap& heap) {
  if (environ == nullptr || __getauxval(AT_SECURE) != 0) return;
  const char* tunables = nullptr;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* const text = *entry;
    if (text[0] != 'M' && text[0] != 'G') continue;  // nearly all of them
    for (const Setting& setting : kSettings) {
      if (const char* const value = ValueOf(setting.variable, text)) Apply(setting, value, heap);
    }
    if (const char* const value = ValueOf("GLIBC_TUNABLES", text)) tunables = value;
  }
  ApplyTunables(tunables, heap);
}

}  // namespace breakproof::allocator
