#include "harness/kernel/real/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/kernel/real/cpu_probe.h"
#include "harness/kernel/real/raw_call.h"
#include "harness/kernel/real/window_map.h"

extern "C" void* __curbrk;  // glibc's cached break (B41)

namespace breakproof::harness {
namespace {

using model::Call;
using model::CallKind;
using model::kPage;
using model::Word;

constexpr int kFaultProbes = 3;  // unreadable pages tried after every call, in rotation

class Child {
 public:
  Child(Channel& channel, int requests, int answers) : channel_(channel), requests_(requests), answers_(answers) {}

  [[noreturn]] void Run() {
    DieFirst();
    TouchStack();
    InstallProbeHandler();
    PrepareWindow();
    OpenFiles();
    Answer();
    AwaitRequest();
    if (channel_.relocate_break) RelocateBreak();
    Answer();
    for (;;) {
      AwaitRequest();
      Reset();
      for (int i = 0; i < channel_.count; ++i) {
        channel_.progress = i + 1;
        Perform(channel_.calls[i], channel_.observations[i]);
        Observe(channel_.observations[i]);
      }
      for (int file = 0; file < kFiles; ++file) ViewFile(file);
      Answer();
    }
  }

 private:
  Word WindowEnd() const { return channel_.window_start + channel_.window_size; }

  // --- set-up -------------------------------------------------------------------------------------------

  [[noreturn]] void GiveUp(const char* step, long result) {
    channel_.setup_step = step;
    channel_.setup_error = static_cast<int>(-result);
    Answer();
    RawCall(SYS_exit_group, 1);
    __builtin_trap();
  }

  void Require(const char* step, long result) {
    if (IsError(result)) GiveUp(step, result);
  }

  // Should a sequence take all memory after all, then this process is the one to go.
  static void DieFirst() {
    const long file = Open("/proc/self/oom_score_adj", O_WRONLY);
    RawCall(SYS_write, static_cast<Word>(file), Pointer("1000"), 4);
    RawCall(SYS_close, static_cast<Word>(file));
  }

  // The stack must not grow later: it would count as mapped pages, and fail under RLIMIT_AS. (Inlined, the
  // array would stay in the caller's frame and the touched part be above all later frames.)
  [[gnu::noinline]] static void TouchStack() {
    volatile char depth[256 * 1024];
    for (Word i = 0; i < sizeof(depth); i += kPage) depth[i] = 0;
  }

  // Fills every gap of the address space but the window, so that addresses the kernel picks lie in the window.
  void PrepareWindow() {
    constexpr Word kFillFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    constexpr Word kEdgeFlags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;  // never merges (M64)
    const Word start = channel_.window_start;
    if (!channel_.relocate_break) Require("own break", RawCall(SYS_brk, start));
    if (channel_.relocate_break) Require("lower edge", Map(start - kPage, kPage, kEdgeFlags));
    Require("upper edge", Map(WindowEnd(), kPage, kEdgeFlags));
    Require("window", Map(start, channel_.window_size, kFillFlags | MAP_FIXED_NOREPLACE));
    for (Word size = Word{1} << 46; size >= kPage; size /= 2)
      while (!IsError(Map(0, size, kFillFlags))) {}
    Require("window", RawCall(SYS_munmap, start, channel_.window_size));
  }

  static long Map(Word address, Word size, Word flags) {
    return RawCall(SYS_mmap, address, size, PROT_NONE, flags, ~Word{0}, 0);
  }

  void OpenFiles() {
    OpenAs(kFileA, "memory file", RawCall(SYS_memfd_create, Pointer("a"), 0));
    OpenAs(kFileB, "memory file", RawCall(SYS_memfd_create, Pointer("b"), 0));
    OpenAs(kFileAReadOnly, "read-only", Open("/proc/self/fd/100", O_RDONLY));
    OpenAs(kFileAWriteOnly, "write-only", Open("/proc/self/fd/100", O_WRONLY));
    OpenAs(kDirectory, "directory", Open("/", O_RDONLY | O_DIRECTORY));
    OpenAs(kPathOnly, "path only", Open("/", O_PATH));
    const long maps = Open("/proc/self/maps", O_RDONLY);
    Require("maps", maps);
    maps_ = static_cast<int>(maps);
    channel_.maps_queried = channel_.query_maps && CanQueryMaps(maps_);
  }

  static Word Pointer(const void* pointer) { return reinterpret_cast<Word>(pointer); }
  static long Open(const char* path, Word flags) {
    return RawCall(SYS_openat, static_cast<Word>(AT_FDCWD), Pointer(path), flags);
  }

  void OpenAs(int number, const char* step, long opened) {
    Require(step, opened);
    Require(step, RawCall(SYS_dup3, static_cast<Word>(opened), static_cast<Word>(number), 0));
    RawCall(SYS_close, static_cast<Word>(opened));
  }

  void RelocateBreak() {  // B29
    prctl_mm_map map = {};
    map.start_code = map.start_data = channel_.data_start;
    map.end_code = map.start_code + 1;
    map.end_data = channel_.data_end;
    map.start_brk = map.brk = channel_.lowest_break;
    map.start_stack = map.arg_start = map.arg_end = map.env_start = map.env_end = channel_.data_start;
    map.exe_fd = ~0u;
    Require("relocating the break", RawCall(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, Pointer(&map), sizeof(map)));
  }

  // --- a sequence ---------------------------------------------------------------------------------------

  void AwaitRequest() {
    char byte;
    if (RawCall(SYS_read, static_cast<Word>(requests_), Pointer(&byte), 1) != 1) RawCall(SYS_exit_group, 0);
  }

  void Answer() { RawCall(SYS_write, static_cast<Word>(answers_), Pointer("."), 1); }

  void Reset() {
    SetLimit(RLIMIT_AS, model::kUnlimited);
    SetLimit(RLIMIT_DATA, model::kUnlimited);
    RawCall(SYS_munmap, channel_.window_start, channel_.window_size);
    const Word lowest = channel_.lowest_break;
    if (static_cast<Word>(RawCall(SYS_brk, 0)) != lowest) {
      Map(lowest, kPage, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);  // or B14 may refuse
      if (static_cast<Word>(RawCall(SYS_brk, lowest)) != lowest) __builtin_trap();
      RawCall(SYS_munmap, lowest, kPage);  // there still if the break had been inside its first page
    }
    __curbrk = reinterpret_cast<void*>(lowest);
    if (files_dirty_) {
      WriteFile(0, kFileA);
      WriteFile(1, kFileB);
    }
    files_dirty_ = false;
  }

  void WriteFile(int file, int descriptor) {
    RawCall(SYS_ftruncate, static_cast<Word>(descriptor), 0);
    RawCall(SYS_pwrite64, static_cast<Word>(descriptor), Pointer(channel_.file_bytes[file]), kFileSize[file], 0);
  }

  // Soft limits only, so that they can be raised again.
  static long SetLimit(Word resource, Word bytes) {
    rlimit limit;
    RawCall(SYS_prlimit64, 0, resource, 0, Pointer(&limit));
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    return RawCall(SYS_prlimit64, 0, resource, Pointer(&limit), 0);
  }

  void Perform(const Call& call, Observation& seen) {
    errno = 0;
    long result = 0;
    switch (call.kind) {
      case CallKind::kLibcBrk: result = brk(reinterpret_cast<void*>(call.address)) == 0 ? 0 : -errno; break;
      case CallKind::kLibcSbrk:
        result = reinterpret_cast<long>(sbrk(static_cast<std::intptr_t>(call.value)));
        if (result == -1) result = -errno;
        break;
      case CallKind::kLoad: return Record(ProbeLoad(call.address), seen);
      case CallKind::kStore: return Record(ProbeStore(call.address, static_cast<std::uint8_t>(call.value)), seen);
      default: result = Raw(call);
    }
    seen.error = IsError(result) ? static_cast<int>(-result) : 0;
    seen.value = IsError(result) ? ~Word{0} : static_cast<Word>(result);
  }

  static void Record(int probed, Observation& seen) {
    seen.error = probed < 0 ? probed : 0;
    seen.value = probed < 0 ? 0 : static_cast<Word>(probed);
  }

  long Raw(const Call& c) {
    const auto descriptor = static_cast<Word>(static_cast<long>(c.descriptor));
    switch (c.kind) {
      case CallKind::kBrk: return RawCall(SYS_brk, c.address);
      case CallKind::kMmap:
        if (!(c.flags & MAP_ANONYMOUS)) files_dirty_ = true;
        return RawCall(SYS_mmap, c.address, c.length, c.protection, c.flags, descriptor, c.offset);
      case CallKind::kMunmap: return RawCall(SYS_munmap, c.address, c.length);
      case CallKind::kMprotect: return RawCall(SYS_mprotect, c.address, c.length, c.protection);
      case CallKind::kMremap: return RawCall(SYS_mremap, c.address, c.length, c.new_length, c.flags, c.new_address);
      case CallKind::kMadvise:
        return RawCall(SYS_madvise, c.address, c.length, static_cast<Word>(static_cast<long>(c.advice)));
      case CallKind::kLimitData: return SetLimit(RLIMIT_DATA, c.value);
      case CallKind::kLimitAs: return SetLimit(RLIMIT_AS, c.value);
      case CallKind::kTruncate: files_dirty_ = true; return RawCall(SYS_ftruncate, descriptor, c.offset);
      default: return Pwrite(c, descriptor);
    }
  }

  long Pwrite(const Call& c, Word descriptor) {
    std::uint8_t bytes[256];
    files_dirty_ = true;
    for (Word i = 0; i < c.length && i < sizeof(bytes); ++i) bytes[i] = static_cast<std::uint8_t>(c.value + i);
    return RawCall(SYS_pwrite64, descriptor, Pointer(bytes), c.length, c.offset);
  }

  // --- observation (D10) --------------------------------------------------------------------------------

  void Observe(Observation& seen) {
    seen.program_break = static_cast<Word>(RawCall(SYS_brk, 0));
    seen.libc_break = reinterpret_cast<Word>(__curbrk);
    const model::Range window{channel_.window_start, WindowEnd()};
    seen.area_count = ReadAreas(maps_, channel_.maps_queried, window, seen.areas);
    for (PageView& page : seen.pages) page.state = PageView::kNotTried;
    const Word viewed_end = channel_.window_start + kWindowPages * kPage;
    for (int i = 0; i < seen.area_count; ++i)
      if (seen.areas[i].protection & PROT_READ)
        for (Word at = seen.areas[i].start; at < seen.areas[i].end && at < viewed_end; at += kPage) ViewPage(seen, at);
    int budget = kFaultProbes;
    for (Word i = 0; i < kWindowPages && budget > 0; ++i) {
      next_probe_ = (next_probe_ + 7) % kWindowPages;  // 7 and the number of pages are coprime
      const Word at = channel_.window_start + next_probe_ * kPage;
      if (seen.pages[next_probe_].state == PageView::kNotTried) ViewPage(seen, at), --budget;
    }
  }

  void ViewPage(Observation& seen, Word at) {
    PageView& page = seen.pages[(at - channel_.window_start) / kPage];
    const int probed = ProbeLoad(at);
    page.state = probed < 0 ? PageView::kFaulted : PageView::kReadable;
    if (probed < 0) page.fault = static_cast<std::int8_t>(probed);
    if (probed >= 0) page.digest = PageDigest(reinterpret_cast<const void*>(at));
  }

  // What read on the descriptor shows (D13).
  void ViewFile(int file) {
    FileView& view = channel_.files[file];
    const int descriptor = file == 0 ? kFileA : kFileB;
    struct stat status;
    RawCall(SYS_fstat, static_cast<Word>(descriptor), Pointer(&status));
    view.size = static_cast<Word>(status.st_size);
    RawCall(SYS_pread64, static_cast<Word>(descriptor), Pointer(view.bytes), kMaxFileBytes, 0);
  }

  Channel& channel_;
  const int requests_;
  const int answers_;
  int maps_ = -1;
  bool files_dirty_ = true;
  Word next_probe_ = 0;
};

}  // namespace

void RunChild(Channel& channel, int requests, int answers) { Child(channel, requests, answers).Run(); }

}  // namespace breakproof::harness
