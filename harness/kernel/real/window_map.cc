#include "harness/kernel/real/window_map.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>

#include "harness/kernel/real/raw_call.h"

namespace breakproof::harness {
namespace {

using model::Word;

// struct procmap_query of <linux/fs.h>, written out because the headers of older systems lack it.
struct ProcmapQuery {
  std::uint64_t size, flags, address;
  std::uint64_t start, end, vma_flags, page_size, offset, inode;
  std::uint32_t device_major, device_minor, name_size, build_id_size;
  std::uint64_t name, build_id;
};
constexpr unsigned long kQuery = _IOWR('f', 17, ProcmapQuery);
constexpr std::uint64_t kSharedArea = 8, kCoveringOrNext = 16;

bool Query(int maps, Word address, ProcmapQuery& query) {
  query = {};
  query.size = sizeof(query);
  query.flags = kCoveringOrNext;
  query.address = address;
  return RawCall(SYS_ioctl, static_cast<Word>(maps), kQuery, reinterpret_cast<Word>(&query)) == 0;
}

// Appends an area clipped to the range; false once nothing more can follow.
bool Append(model::Range range, AreaView area, AreaView* areas, int& count) {
  if (area.end <= range.start) return true;
  if (area.start >= range.end || count == kMaxAreas) return false;
  if (area.start < range.start) {
    if (area.inode != 0) area.offset += range.start - area.start;
    area.start = range.start;
  }
  area.end = std::min(area.end, range.end);
  areas[count++] = area;
  return true;
}

int ReadByQuery(int maps, model::Range range, AreaView* areas) {
  int count = 0;
  ProcmapQuery query;
  for (Word next = range.start; next < range.end && Query(maps, next, query); next = query.end) {
    const AreaView area{query.start,
                        query.end,
                        query.inode != 0 ? query.offset : 0,
                        query.inode,
                        static_cast<std::uint8_t>(query.vma_flags & 7),
                        (query.vma_flags & kSharedArea) != 0};
    if (!Append(range, area, areas, count)) break;
  }
  return count;
}

// A line of the maps file: "start-end rwxp offset major:minor inode  name".
class LineParser {
 public:
  explicit LineParser(const char* text) : at_(text) {}
  AreaView Parse() {
    AreaView area{};
    area.start = Number(16);
    area.end = Number(16);
    area.protection =
        static_cast<std::uint8_t>((at_[0] == 'r' ? 1 : 0) | (at_[1] == 'w' ? 2 : 0) | (at_[2] == 'x' ? 4 : 0));
    area.shared = at_[3] == 's';
    at_ += 5;
    area.offset = Number(16);
    Number(16);  // major
    Number(16);  // minor
    area.inode = Number(10);
    if (area.inode == 0) area.offset = 0;
    return area;
  }

 private:
  Word Number(Word base) {
    Word value = 0;
    for (;; ++at_) {
      if (*at_ >= '0' && *at_ <= '9') value = value * base + static_cast<Word>(*at_ - '0');
      else if (base == 16 && *at_ >= 'a' && *at_ <= 'f') value = value * base + static_cast<Word>(*at_ - 'a' + 10);
      else break;
    }
    ++at_;  // the separator
    return value;
  }
  const char* at_;
};

int ReadByText(int maps, model::Range range, AreaView* areas) {
  static char buffer[1 << 16];
  long size = 0;
  RawCall(SYS_lseek, static_cast<Word>(maps), 0, 0);
  while (size + 1 < static_cast<long>(sizeof(buffer))) {
    const long got = RawCall(SYS_read, static_cast<Word>(maps), reinterpret_cast<Word>(buffer + size),
                             sizeof(buffer) - 1 - static_cast<Word>(size));
    if (got <= 0) break;
    size += got;
  }
  buffer[size] = 0;
  int count = 0;
  for (const char* line = buffer; *line != 0;) {
    if (!Append(range, LineParser(line).Parse(), areas, count)) break;
    line = std::find(line, static_cast<const char*>(buffer + size), '\n') + 1;
  }
  return count;
}

}  // namespace

bool CanQueryMaps(int maps) {
  ProcmapQuery query;
  return Query(maps, 0, query);
}

int ReadAreas(int maps, bool query, model::Range range, AreaView* areas) {
  return query ? ReadByQuery(maps, range, areas) : ReadByText(maps, range, areas);
}

}  // namespace breakproof::harness
