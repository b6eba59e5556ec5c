#include "harness/explain/drawing.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "harness/case/case_text.h"
#include "harness/explain/address_names.h"
#include "harness/explain/block_history.h"
#include "harness/explain/verdict/format.h"

namespace breakproof::harness {
namespace {

constexpr std::size_t kNeighbours = 4;  // rows shown on either side of the guilty block
constexpr std::size_t kStrip = 64;      // characters

// One thing that lies in a region: a live block, a free one, or what is left between them.
struct Row {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string what;
  char mark = ' ';         // in the strip
  bool is_guilty = false;
};

class Picture {
 public:
  Picture(const Trace& trace, const Moment& moment, std::size_t operation)
      : trace_(trace), moment_(moment), operation_(operation), names_(trace), history_(trace) {
    history_.AdvanceTo(moment.performed);
  }

  std::string Draw() {
    const std::string when = moment_.performed == operation_ + 1 ? "after" : "before";
    std::string text = "memory " + when + " operation " + std::to_string(operation_ + 1);
    const std::optional<std::uint64_t> address = GuiltyAddress();
    const Region* const region = address ? RegionOf(*address) : nullptr;
    if (region == nullptr) {
      text += ":\n";
    } else {
      guilty_ = *address;
      text += ", around " + names_.Name(guilty_, moment_.performed) + ":\n";
      text += Neighbourhood(*region);
    }
    return text + Regions();
  }

 private:
  // The block that the operation damaged, made, or was given.
  std::optional<std::uint64_t> GuiltyAddress() const {
    const Outcome& outcome = trace_.outcomes[operation_];
    if (outcome.finding != Finding::kNone && outcome.block < trace_.outcomes.size()) {
      return trace_.outcomes[outcome.block].address;
    }
    if (outcome.address != 0 && outcome.stage > Stage::kCalling) return outcome.address;
    if (outcome.argument != 0) return outcome.argument;
    // It concerns no block: what was made last stands for the busiest place.
    const auto& live = history_.live();
    if (live.empty()) return std::nullopt;
    return live.rbegin()->second.address;
  }

  const Region* RegionOf(std::uint64_t address) const {
    for (const Region& region : moment_.space.regions) {
      if (address >= region.begin && address < region.end) return &region;
    }
    return nullptr;
  }

  std::string Maker(std::uint32_t maker) const {
    const std::string text = PrintOperation(trace_.c.operations[maker], trace_.c.slot_names);
    return text + "  (operation " + std::to_string(maker + 1) + ")";
  }

  std::vector<Row> Rows(const Region& region) {
    std::vector<Row> rows;
    for (const auto& [maker, block] : history_.live()) {
      if (block.address < region.begin || block.address >= region.end) continue;
      const std::string slack =
          block.usable > block.payload ? ", and " + std::to_string(block.usable - block.payload) + " of slack" : "";
      rows.push_back({block.address, block.address + std::max<std::uint64_t>(block.usable, 1),
                      "live   " + std::to_string(block.payload) + " B" + slack + "  by " + Maker(maker),
                      block.slot.empty() ? '#' : block.slot.front(), block.address == guilty_});
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.begin < b.begin; });
    NoteOverlaps(&rows);
    AddDead(region, &rows);
    return WithGaps(region, rows);
  }

  // Blocks that are no longer live where nothing newer lies: the newest first. On a free list or not, if the
  // allocator tells.
  void AddDead(const Region& region, std::vector<Row>* rows) {
    std::map<std::uint64_t, std::uint64_t> taken;  // begin to end
    for (const Row& row : *rows) taken[row.begin] = std::max(taken[row.begin], row.end);
    const auto add = [&](std::uint64_t begin, std::uint64_t end, std::string what, char mark) {
      if (begin < region.begin || begin >= region.end) return;
      auto next = taken.lower_bound(begin);
      if (next != taken.end() && next->first < end) return;
      if (next != taken.begin() && std::prev(next)->second > begin) return;
      taken[begin] = end;
      rows->push_back({begin, end, std::move(what), mark, guilty_ >= begin && guilty_ < end});
    };
    for (const FreeBlock& free : moment_.space.free_blocks) {
      add(free.address, free.address + free.size, "on a free list" + WasOnce(free.address, free.address + free.size), '-');
    }
    for (auto dead = history_.dead().rbegin(); dead != history_.dead().rend(); ++dead) {
      add(dead->block.address, dead->block.address + std::max<std::uint64_t>(dead->block.usable, 1),
          "ended  " + std::to_string(dead->block.payload) + " B  by operation " + std::to_string(dead->ended_by + 1) +
              "; was " + Maker(dead->block.maker),
          '-');
    }
    std::stable_sort(rows->begin(), rows->end(), [](const Row& a, const Row& b) { return a.begin < b.begin; });
  }

  void NoteOverlaps(std::vector<Row>* rows) const {
    for (std::size_t i = 1; i < rows->size(); ++i) {
      Row& row = (*rows)[i];
      const Row& before = (*rows)[i - 1];
      if (before.end <= row.begin) continue;
      row.what += "  OVERLAPS the one before by " + std::to_string(std::min(before.end, row.end) - row.begin) + " B";
    }
  }

  // ", where a was until operation 3"
  std::string WasOnce(std::uint64_t begin, std::uint64_t end) const {
    const auto& dead = history_.dead();
    for (auto it = dead.rbegin(); it != dead.rend(); ++it) {
      if (it->block.address < begin || it->block.address >= end) continue;
      return ", where " + (it->block.slot.empty() ? std::string("a block") : it->block.slot) + " was until operation " +
             std::to_string(it->ended_by + 1);
    }
    return "";
  }

  std::vector<Row> WithGaps(const Region& region, const std::vector<Row>& blocks) const {
    std::vector<Row> rows;
    std::uint64_t at = region.begin;
    const auto fill = [&](std::uint64_t until) {
      if (until > at) rows.push_back({at, until, "no block", '.', guilty_ >= at && guilty_ < until});
    };
    for (const Row& block : blocks) {
      fill(block.begin);
      rows.push_back(block);
      at = std::max(at, block.end);
    }
    fill(region.end);
    return rows;
  }

  std::string Neighbourhood(const Region& region) {
    const std::vector<Row> rows = Rows(region);
    std::size_t guilty = 0;
    while (guilty < rows.size() && !rows[guilty].is_guilty) ++guilty;
    if (guilty == rows.size()) guilty = 0;
    const std::size_t first = guilty > kNeighbours ? guilty - kNeighbours : 0;
    const std::size_t last = std::min(rows.size(), guilty + kNeighbours + 1);
    std::string text = Strip(rows, first, last);
    if (first > 0) text += "         ... " + std::to_string(first) + " more below\n";
    for (std::size_t i = first; i < last; ++i) {
      text += SpanAt(i == first ? 0 : rows[i - 1].begin, rows[i].begin);
      text += Line(rows[i]);
    }
    if (last < rows.size()) text += "         ... " + std::to_string(rows.size() - last) + " more above\n";
    return text;
  }

  std::string Line(const Row& row) const {
    char line[512];
    std::snprintf(line, sizeof line, "   %s %c  %-14s %10s  %s\n", row.is_guilty ? ">>" : "  ", row.mark,
                  names_.Name(row.begin, moment_.performed).c_str(), (WithCommas(row.end - row.begin) + " B").c_str(),
                  row.what.c_str());
    return line;
  }

  // A head line where a span begins that the row before did not lie in.
  std::string SpanAt(std::uint64_t before, std::uint64_t address) const {
    for (const SpanView& span : moment_.space.spans) {
      if (address < span.begin || address >= span.end) continue;
      if (before >= span.begin && before < span.end) return "";
      return "      -- span " + names_.Name(span.begin, moment_.performed) + ", " + Bytes(span.end - span.begin) + ": " +
             Describe(span) + "\n";
    }
    return "";
  }

  // The rows shown as a strip to scale; each keeps at least one character.
  static std::string Strip(const std::vector<Row>& rows, std::size_t first, std::size_t last) {
    std::uint64_t total = 0;
    for (std::size_t i = first; i < last; ++i) total += std::min<std::uint64_t>(rows[i].end - rows[i].begin, kLongest);
    std::string strip, marks;
    for (std::size_t i = first; i < last; ++i) {
      const std::uint64_t length = std::min<std::uint64_t>(rows[i].end - rows[i].begin, kLongest);
      const std::size_t width = std::max<std::size_t>(1, static_cast<std::size_t>(kStrip * length / std::max<std::uint64_t>(total, 1)));
      strip += std::string(width, rows[i].mark);
      marks += std::string(width, rows[i].is_guilty ? '^' : ' ');
    }
    marks.erase(marks.find_last_not_of(' ') + 1);
    return "         |" + strip + "|\n" + (marks.empty() ? "" : "          " + marks + "\n");
  }
  static constexpr std::uint64_t kLongest = 4096;  // what is longer looks as long as this: neighbours stay visible

  std::string Regions() const {
    std::string text = "held of the kernel:\n";
    for (const Region& region : moment_.space.regions) {
      if (region.kind == RegionKind::kForeign) {
        text += "         somebody else's mapping at " + names_.Name(region.begin, moment_.performed) + ", " +
                Bytes(region.end - region.begin) + "\n";
        continue;
      }
      std::uint64_t blocks = 0, live = 0, resident = 0;
      for (const auto& [maker, block] : history_.live()) {
        if (block.address < region.begin || block.address >= region.end) continue;
        ++blocks;
        live += block.payload;
      }
      for (const auto& [begin, end] : moment_.space.resident) {
        if (begin >= region.begin && end <= region.end) resident += end - begin;
      }
      char line[256];
      std::snprintf(line, sizeof line, "         %-6s %12s  %s%llu live block%s of %s, %s resident\n",
                    names_.RegionName(region.begin, moment_.performed).c_str(), Bytes(region.end - region.begin).c_str(),
                    region.is_accessible ? "" : "reserved only, ", static_cast<unsigned long long>(blocks),
                    blocks == 1 ? "" : "s", Bytes(live).c_str(), Bytes(resident).c_str());
      text += line;
    }
    return moment_.space.regions.empty() ? text + "         nothing yet\n" : text;
  }

  const Trace& trace_;
  const Moment& moment_;
  const std::size_t operation_;
  const AddressNames names_;
  BlockHistory history_;
  std::uint64_t guilty_ = 0;
};

}  // namespace

std::string Drawing(const Trace& trace, std::size_t operation) {
  // The operation's own, or the last one before it if it did not come to an end.
  const Moment* found = nullptr;
  for (const Moment& moment : trace.moments) {
    if (moment.performed <= operation + 1) found = &moment;
  }
  if (found == nullptr || operation >= trace.c.operations.size()) return "";
  return Picture(trace, *found, operation).Draw();
}

}  // namespace breakproof::harness
