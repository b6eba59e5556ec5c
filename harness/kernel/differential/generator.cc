#include "harness/kernel/differential/generator.h"

#include <algorithm>

#include "harness/kernel/real/protocol.h"

namespace breakproof::harness {
namespace {

using model::Call;
using model::CallKind;
using model::kPage;
using model::kTaskEnd;
using model::Machine;
using model::Word;

// Takes operands from a block, byte by byte.
class Operands {
 public:
  Operands(const CallBlock& block, const Machine& machine) : block_(block), machine_(machine) {}

  std::uint8_t Byte() { return block_[next_++ % kBlockSize]; }

  template <typename T, std::size_t n>
  T OneOf(const T (&table)[n]) {
    return table[Byte() % n];
  }

  // Inside a page; mostly its start.
  Word PageOffset() {
    static constexpr Word kOffsets[] = {0, 1, 8, 100, 1233, 1234, 2047, 2048, 4080, kPage - 8, kPage - 1};
    const std::uint8_t byte = Byte();
    return byte < 208 ? 0 : kOffsets[byte % std::size(kOffsets)];
  }

  Word AnyOffset() {
    static constexpr Word kOffsets[] = {0, 1, 8, 100, 1233, 1234, 1235, 2047, 2048, 4088, kPage - 1};
    return OneOf(kOffsets);
  }

  // Mostly of a few pages in the middle, where the heap grows too: calls meet each other there.
  Word PageOf(std::uint8_t byte) {
    return machine_.window.start + (byte < 160 ? 9 + byte % 12 : byte % kWindowPages) * kPage;
  }

  Word Page() { return PageOf(Byte()); }

  Word Address() {
    const Word w = machine_.window.start;
    const Word corners[] = {0,        1,           kPage,        kTaskEnd - kPage, kTaskEnd, kTaskEnd + kPage,
                            ~Word{0}, 0 - kPage,   Word{1} << 63, machine_.window.end, w,    w + 1};
    const std::uint8_t byte = Byte();
    const Word offset = PageOffset();
    return byte < 244 ? PageOf(byte) + offset : corners[byte - 244];
  }

  Word Length() {
    static constexpr Word kCorners[] = {0,         1,          kPage - 1,        kPage + 1, 2 * kPage + 1,
                                        ~Word{0},  0 - kPage,  0 - kPage + 1,    kTaskEnd,  kTaskEnd - kPage,
                                        kTaskEnd + kPage, Word{1} << 46, Word{1} << 47, Word{1} << 63, 39 * kPage};
    const std::uint8_t byte = Byte();
    if (byte >= 180 && byte < 225 && IsRoomy()) return HugeLength(byte);
    if (byte >= 225) return kCorners[(byte - 225u) % std::size(kCorners)];
    return (1 + (byte < 170 ? byte % 4 : byte % 11)) * kPage;
  }

  Word BreakTarget() {
    const Word s = machine_.lowest_break;
    const Word corners[] = {0, 1, s - 1, s - kPage, ~Word{0}, 0 - Word{4095}, kTaskEnd, kTaskEnd - 1,
                            machine_.window.end, machine_.window.end - kPage, s, s + 1};
    const std::uint8_t byte = Byte();
    const Word offset = PageOffset();
    if (byte < 24 && IsRoomy()) return s + HugeLength(byte) + offset;
    return byte < 236 ? s + byte % 12 * kPage + offset : corners[(byte - 236u) % std::size(corners)];
  }

  // The window is larger than memory, so that overcommit rules show (L9, L10).
  bool IsRoomy() const { return machine_.window.size() > kWindowPages * kPage; }
  Word HugeLength(std::uint8_t byte) const { return (machine_.largest_charge + byte % 4 - 1) * kPage; }

  unsigned Protection() {
    static constexpr unsigned kTable[] = {3, 3, 3, 1, 0, 3, 3, 1, 5, 3, 3 | 8, 0, 3, 1, 3, 5};
    return OneOf(kTable);
  }

 private:
  const CallBlock& block_;
  const Machine& machine_;
  std::size_t next_ = 0;
};

void DecodeMmap(Operands& take, Call& call) {
  static constexpr unsigned kTypes[] = {model::kPrivate, model::kPrivate, model::kShared, model::kPrivate,
                                        model::kPrivate, model::kShared,  model::kPrivate, model::kSharedValidate,
                                        model::kPrivate, model::kPrivate, model::kPrivate, 0, 5};
  static constexpr unsigned kPlaces[] = {model::kFixed, 0, model::kFixed, model::kFixedNoReplace, 0,
                                         model::kFixed, model::kFixed | model::kFixedNoReplace, 0};
  static constexpr unsigned kExtras[] = {0, 0, 0, 0, model::kNoReserve, model::kPopulate, 0, 0,
                                         model::kGrowsDownArea, 0x800000, 0, model::kPopulate};
  static constexpr int kFds[] = {kFileA, kFileB, kFileAReadOnly, kFileA, kFileA, kFileB, kFileAReadOnly,
                                 kFileA, kFileAWriteOnly, kDirectory, kPathOnly, kClosed};
  static constexpr Word kOffsets[] = {0, 0, kPage, 2 * kPage, 0, 3 * kPage, kPage, 1, 0 - kPage, 0};
  const unsigned place = take.OneOf(kPlaces);
  call.address = take.Address();
  call.length = take.Length();
  call.protection = take.Protection();
  call.flags = place | take.OneOf(kTypes) | take.OneOf(kExtras);
  const std::uint8_t file = take.Byte();
  const bool anonymous = file < 150;
  if (anonymous) call.flags |= model::kAnonymous;
  if (place == 0 && file % 2 == 0) call.address = 0;
  if (anonymous && file % 16 != 15) return;
  call.descriptor = kFds[file % std::size(kFds)];
  call.offset = kOffsets[take.Byte() % std::size(kOffsets)];
  // Otherwise few shared mappings of read-only files would come to be (M38).
  if (call.descriptor != kFileAReadOnly || file % 8 >= 6) return;
  call.protection = model::kRead;
  call.flags = (call.flags & ~model::kTypeMask) | model::kShared;
}

void DecodeMprotect(Operands& take, Call& call) {
  static constexpr unsigned kOdd[] = {model::kGrowsDown, model::kGrowsUp, model::kGrowsDown | model::kGrowsUp, 0x40};
  call.address = take.Address();
  call.length = take.Length();
  call.protection = take.Protection();
  const std::uint8_t odd = take.Byte();
  if (odd >= 248) call.protection |= kOdd[odd % 4];
}

void DecodeMremap(Operands& take, Call& call) {
  static constexpr unsigned kFlags[] = {1, 1, 3, 0, 3, 1, 0, 3, 1, 3, 1, 3, 2, 4, 5, 8};
  call.address = take.Address();
  call.length = take.Length();
  call.new_length = take.Length();
  call.flags = take.OneOf(kFlags);
  call.new_address = take.Address();
  const std::uint8_t same = take.Byte();
  if (same % 4 == 3) call.new_length = call.length;
  if (same >= 244) call.length = 0;
}

void DecodeMadvise(Operands& take, Call& call) {
  static constexpr int kTable[] = {model::kDontNeed, model::kFree, model::kDontNeed, model::kFree,
                                   model::kPopulateWrite, model::kPopulateRead, model::kCold, model::kPageOut,
                                   model::kRemove, model::kWillNeed, model::kNormal, model::kRandom,
                                   model::kSequential, model::kHugePage, model::kNoHugePage, model::kDontDump,
                                   model::kDoDump, model::kDontFork, model::kDoFork, model::kWipeOnFork,
                                   model::kKeepOnFork, model::kMergeable, model::kUnmergeable, 77, -1};
  call.address = take.Address();
  call.length = take.Length();
  call.advice = take.OneOf(kTable);
}

void DecodeLimit(Operands& take, Call& call) {
  static constexpr Word kOffsets[] = {0, 100, 99, 101, 4095, 2048};
  static constexpr Word kAbsolute[] = {model::kUnlimited, 0, model::kUnlimited, 1, model::kUnlimited, 5000};
  const std::uint8_t byte = take.Byte();
  if (byte < 112) {
    call.flags = model::kAbsoluteLimit;
    call.value = kAbsolute[byte % std::size(kAbsolute)];
  } else {
    call.value = (byte - 112) % 24 * kPage + take.OneOf(kOffsets);
  }
}

void DecodeFileCall(Operands& take, Call& call) {
  static constexpr int kWritable[] = {kFileA, kFileB, kFileAWriteOnly};
  static constexpr Word kOffsets[] = {0, 5, 100, 2048, kPage - 3, kPage, 2 * kPage + 1234, 2 * kPage + 1230,
                                      3 * kPage, 5 * kPage + 7, kPage + 5, 2 * kPage};
  call.descriptor = take.OneOf(kWritable);
  call.offset = take.OneOf(kOffsets);
  if (call.kind == CallKind::kTruncate) return;
  call.length = 1 + take.Byte() % 16u;
  call.value = take.Byte();
}

CallKind DecodeKind(std::uint8_t byte) {
  struct Weight {
    CallKind kind;
    int weight;
  };
  static constexpr Weight kWeights[] = {
      {CallKind::kStore, 36},   {CallKind::kBrk, 40},      {CallKind::kMmap, 52},     {CallKind::kMunmap, 20},
      {CallKind::kMprotect, 20}, {CallKind::kMremap, 32},  {CallKind::kMadvise, 22},  {CallKind::kLibcSbrk, 8},
      {CallKind::kLoad, 6},     {CallKind::kLibcBrk, 6},   {CallKind::kPwrite, 4},    {CallKind::kTruncate, 2},
      {CallKind::kLimitData, 4}, {CallKind::kLimitAs, 4}};
  int rest = byte;
  for (const Weight& weight : kWeights)
    if ((rest -= weight.weight) < 0) return weight.kind;
  return CallKind::kStore;
}

}  // namespace

Call DecodeCall(const CallBlock& block, const Machine& machine) {
  static constexpr Word kHuge[] = {Word{1} << 40, (Word{1} << 63) - 1, Word{1} << 63, 0, 1, ~Word{0}, ~Word{0} << 47};
  Operands take(block, machine);
  Call call{.kind = DecodeKind(take.Byte())};
  switch (call.kind) {
    case CallKind::kBrk:
    case CallKind::kLibcBrk:
      call.address = take.BreakTarget();
      break;
    case CallKind::kLibcSbrk: {
      const std::uint8_t byte = take.Byte();
      call.value = byte >= 240 ? kHuge[byte % std::size(kHuge)] : (byte % 16u - Word{7}) * kPage + take.PageOffset();
      break;
    }
    case CallKind::kMmap: DecodeMmap(take, call); break;
    case CallKind::kMunmap:
      call.address = take.Address();
      call.length = take.Length();
      break;
    case CallKind::kMprotect: DecodeMprotect(take, call); break;
    case CallKind::kMremap: DecodeMremap(take, call); break;
    case CallKind::kMadvise: DecodeMadvise(take, call); break;
    case CallKind::kLimitData:
    case CallKind::kLimitAs: DecodeLimit(take, call); break;
    case CallKind::kStore:
    case CallKind::kLoad:
      call.address = take.Page() + take.AnyOffset();
      if (call.kind == CallKind::kStore) call.value = 1 + take.Byte() % 255u;
      break;
    case CallKind::kPwrite:
    case CallKind::kTruncate: DecodeFileCall(take, call); break;
  }
  return call;
}

std::vector<Call> DecodeCalls(std::span<const std::uint8_t> bytes, const Machine& machine, std::size_t limit) {
  std::vector<Call> calls;
  for (std::size_t at = 0; at < bytes.size() && calls.size() < limit; at += kBlockSize) {
    CallBlock block{};
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    std::copy_n(first, std::min(kBlockSize, bytes.size() - at), block.begin());
    calls.push_back(DecodeCall(block, machine));
  }
  return calls;
}

}  // namespace breakproof::harness
