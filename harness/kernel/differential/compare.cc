#include "harness/kernel/differential/compare.h"

#include <cerrno>
#include <cstring>

#include "harness/kernel/differential/call_text.h"

namespace breakproof::harness {
namespace {

using model::Access;
using model::Contents;
using model::kPage;
using model::Page;
using model::Result;
using model::Rule;
using model::Word;

std::string ResultText(Word value, int error, const model::Machine& machine) {
  if (error > 0) return std::string(strerrorname_np(error));
  if (error == model::kFaultUnmapped) return "SIGSEGV (unmapped)";
  if (error == model::kFaultForbidden) return "SIGSEGV (protection)";
  if (error == model::kFaultPastEnd) return "SIGBUS (past the end)";
  return FormatAddress(value, machine);
}

std::optional<Mismatch> CompareResult(const model::Kernel& kernel, const Result& expected, const Observation& seen) {
  const model::Machine& machine = kernel.state().machine;
  const std::string actual = ResultText(seen.value, seen.error, machine);
  if (expected.bad_choice) return Mismatch{0, "chosen address", "a free range of the window", actual};
  if (expected.any_error && (seen.error == EFAULT || seen.error == ENOMEM)) return std::nullopt;
  if (seen.value == expected.value && seen.error == expected.error) return std::nullopt;
  return Mismatch{0, "result", ResultText(expected.value, expected.error, machine), actual};
}

std::optional<Mismatch> CompareBreak(const model::Kernel& kernel, const Observation& seen) {
  const model::Machine& machine = kernel.state().machine;
  const Word current = kernel.state().program_break.current;
  if (seen.program_break != current)
    return Mismatch{0, "break", FormatAddress(current, machine), FormatAddress(seen.program_break, machine)};
  if (seen.libc_break != kernel.libc_break())
    return Mismatch{0, "libc's break", FormatAddress(kernel.libc_break(), machine),
                    FormatAddress(seen.libc_break, machine)};
  return std::nullopt;
}

// What the maps file shows of an area.
AreaView VisibleOf(const model::Area& area) {
  const model::Attributes& a = area.attributes;
  return {area.range.start,
          area.range.end,
          a.object_start,
          a.IsPrivateAnonymous() ? 0u : 1u,
          static_cast<std::uint8_t>(a.protection),
          a.shared};
}

// `inode` is compared as "some object" on the model's side, exactly between neighbours of the real one.
bool Continues(const AreaView& lower, const AreaView& upper) {
  const Word offset = lower.inode != 0 ? lower.offset + (lower.end - lower.start) : 0;
  return lower.end == upper.start && lower.protection == upper.protection && lower.shared == upper.shared &&
         lower.inode == upper.inode && offset == upper.offset;
}

std::vector<AreaView> Coalesce(std::vector<AreaView> areas) {
  std::vector<AreaView> result;
  for (AreaView& area : areas) {
    if (area.inode != 0) area.inode = 1;
    if (!result.empty() && Continues(result.back(), area)) result.back().end = area.end;
    else result.push_back(area);
  }
  return result;
}

std::string MapText(const std::vector<AreaView>& areas, const model::Machine& machine) {
  std::string text = "[";
  for (const AreaView& a : areas) {
    text += FormatAddress(a.start, machine) + "-" + FormatAddress(a.end, machine) + " ";
    text += a.protection & 1 ? "r" : "-";
    text += a.protection & 2 ? "w" : "-";
    text += a.protection & 4 ? "x" : "-";
    text += a.shared ? "s" : "p";
    if (a.inode != 0) text += " object+" + std::to_string(a.offset);
    text += "; ";
  }
  return text + "]";
}

bool SameAreas(const std::vector<AreaView>& a, const std::vector<AreaView>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const AreaView& x, const AreaView& y) {
           return x.start == y.start && x.end == y.end && x.offset == y.offset && x.inode == y.inode &&
                  x.protection == y.protection && x.shared == y.shared;
         });
}

std::optional<Mismatch> CompareMap(model::Kernel& kernel, const Observation& seen) {
  model::State& state = kernel.state();
  std::vector<AreaView> expected, actual(seen.areas, seen.areas + seen.area_count);
  for (const model::Area& area : state.space.AreasIn(state.space.window())) expected.push_back(VisibleOf(area));
  expected = Coalesce(expected);
  const std::vector<AreaView> joined = Coalesce(actual);
  if (!SameAreas(expected, joined))
    return Mismatch{0, "map", MapText(expected, state.machine), MapText(joined, state.machine)};
  std::vector<Word> starts;
  for (const AreaView& area : actual) starts.push_back(area.start);
  state.space.AdoptBoundaries(starts);  // M66
  if (joined.size() < actual.size()) state.Hit(Rule::M66);
  // More areas in the model: the kernel merged what differs (M24, M60, M64).
  const std::vector<model::Area> areas = state.space.AreasIn(state.space.window());
  for (std::size_t i = 1; i < areas.size(); ++i)
    if (areas[i - 1].range.end == areas[i].range.start)
      state.Hit(areas[i - 1].attributes.object == areas[i].attributes.object ? Rule::M60 : Rule::M64);
  if (areas.size() > actual.size())
    return Mismatch{0, "merged areas", std::to_string(areas.size()) + " areas", MapText(actual, state.machine)};
  return std::nullopt;
}

std::optional<Mismatch> CompareContents(model::Kernel& kernel, Word at, std::uint64_t digest) {
  const model::State& state = kernel.state();
  const Page* page = kernel.contents().Find(state, at);
  const std::uint64_t main = page == nullptr ? kZeroPageDigest : PageDigest(page->bytes.data());
  if (page != nullptr && page->alternative) {
    const bool alternative = digest == PageDigest(page->alternative->data());
    if (alternative && digest != main) kernel.state().Hit(page->offered ? Rule::M75 : Rule::C9);
    if (alternative || digest == main) {
      kernel.contents().Decide(state, at, alternative && digest != main);
      return std::nullopt;
    }
  }
  if (digest == main) return std::nullopt;
  return Mismatch{0, "contents of " + FormatAddress(at, state.machine), main == 0 ? "zero" : std::to_string(main),
                  digest == 0 ? "zero" : std::to_string(digest)};
}

// Which rule a readable file page shows: not yet copied (C4), bytes beyond the end (C8).
void HitFileRules(model::Kernel& kernel, Word at) {
  model::State& state = kernel.state();
  const model::Area area = *state.space.At(at);
  if (area.attributes.IsPrivateAnonymous() || area.attributes.IsSharedAnonymous()) return;
  const bool original = kernel.contents().Find(state, at) ==
                        kernel.contents().FindObjectPage(area.attributes.object, area.ObjectOffset(at));
  if (!area.attributes.shared && original) state.Hit(Rule::C4);
  if (state.object_size[area.attributes.object] < area.ObjectOffset(at) + kPage) state.Hit(Rule::C8);
}

int FaultOf(Access access) {
  switch (access) {
    case Access::kOk: return 0;
    case Access::kUnmapped: return model::kFaultUnmapped;
    case Access::kForbidden: return model::kFaultForbidden;
    case Access::kPastEnd: return model::kFaultPastEnd;
  }
  return 0;
}

std::optional<Mismatch> ComparePage(model::Kernel& kernel, Word at, const PageView& seen) {
  if (seen.state == PageView::kNotTried) return std::nullopt;
  const int expected = FaultOf(Contents::MayLoad(kernel.state(), at));
  const int actual = seen.state == PageView::kFaulted ? seen.fault : 0;
  if (expected == 0 && actual == 0) {
    HitFileRules(kernel, at);
    return CompareContents(kernel, at, seen.digest);
  }
  kernel.state().Hit(expected == model::kFaultPastEnd ? Rule::C10 : Rule::C12);
  if (expected == actual) return std::nullopt;
  const model::Machine& machine = kernel.state().machine;
  return Mismatch{0, "load from " + FormatAddress(at, machine), ResultText(0, expected, machine),
                  ResultText(0, actual, machine)};
}

}  // namespace

std::optional<Mismatch> Compare(model::Kernel& kernel, const Result& expected, const Observation& seen) {
  if (auto mismatch = CompareResult(kernel, expected, seen)) return mismatch;
  if (auto mismatch = CompareBreak(kernel, seen)) return mismatch;
  if (auto mismatch = CompareMap(kernel, seen)) return mismatch;
  for (Word i = 0; i < kWindowPages; ++i)
    if (auto mismatch = ComparePage(kernel, kernel.state().machine.window.start + i * kPage, seen.pages[i]))
      return mismatch;
  return std::nullopt;
}

std::optional<Mismatch> CompareFile(model::Kernel& kernel, int file, const FileView& seen) {
  const Word size = kernel.state().object_size[file];
  if (size != seen.size)
    return Mismatch{0, "size of file " + std::to_string(file), std::to_string(size), std::to_string(seen.size)};
  for (Word offset = 0; offset < size; ++offset) {
    const Page* page = kernel.contents().FindObjectPage(file, model::RoundDown(offset));
    const int expected = page == nullptr ? 0 : page->bytes[offset % kPage];
    const bool other =
        page != nullptr && page->alternative && (*page->alternative)[offset % kPage] == seen.bytes[offset];
    if (expected != seen.bytes[offset] && !other)
      return Mismatch{0, "byte " + std::to_string(offset) + " of file " + std::to_string(file),
                      std::to_string(expected), std::to_string(seen.bytes[offset])};
  }
  return std::nullopt;
}

}  // namespace breakproof::harness
