#include "harness/explain/process_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace breakproof::harness {
namespace {

constexpr std::uint64_t kPage = 4096;
// A reservation of terabytes has a page table entry a page: reading them all would take minutes.
constexpr std::uint64_t kMostScanned = std::uint64_t{4} << 30;

std::string Folder(pid_t process) { return "/proc/" + std::to_string(process); }

}  // namespace

std::vector<MemoryArea> ReadAreas(pid_t process) {
  std::vector<MemoryArea> areas;
  std::ifstream maps(Folder(process) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string range, protection, offset, device, inode, name;
    words >> range >> protection >> offset >> device >> inode;
    std::getline(words >> std::ws, name);
    MemoryArea area;
    char* dash = nullptr;
    area.begin = std::strtoull(range.c_str(), &dash, 16);
    area.end = std::strtoull(dash + 1, nullptr, 16);
    area.is_accessible = protection.starts_with("rw");
    area.is_file = inode != "0";
    // Named by prctl: still anonymous.
    area.name = name.starts_with("[anon") ? "" : name;
    areas.push_back(std::move(area));
  }
  return areas;
}

namespace {

// False if a thread is still on its way into the system call in which it will wait.
bool TryReadStackPointers(pid_t process, std::vector<std::uint64_t>* pointers) {
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(Folder(process) + "/task", error)) {
    if (task.path().filename() == std::to_string(process)) continue;
    std::ifstream file(task.path() / "syscall");  // "number a1 ... a6 stack-pointer program-counter"
    std::string line;
    std::getline(file, line);
    std::istringstream words(line);
    std::vector<std::string> all;
    for (std::string word; words >> word;) all.push_back(word);
    if (all.size() == 1 && all[0] == "running") return false;
    if (all.size() == 9) pointers->push_back(std::strtoull(all[7].c_str(), nullptr, 16));
  }
  return true;
}

}  // namespace

std::vector<std::uint64_t> ReadStackPointers(pid_t process) {
  std::vector<std::uint64_t> pointers;
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i, usleep(100)) {
    pointers.clear();
    if (TryReadStackPointers(process, &pointers)) break;
  }
  return pointers;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> ReadResident(pid_t process, std::uint64_t begin,
                                                                  std::uint64_t end) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
  const int file = open((Folder(process) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || end - begin > kMostScanned) {
    if (file >= 0) close(file);
    return runs;
  }
  std::vector<std::uint64_t> entries(1 << 16);
  constexpr std::uint64_t kPresentOrSwapped = std::uint64_t{3} << 62;
  for (std::uint64_t at = begin; at < end;) {
    const std::uint64_t wanted = std::min<std::uint64_t>((end - at) / kPage, entries.size());
    const ssize_t got = pread(file, entries.data(), wanted * 8, static_cast<off_t>(at / kPage * 8));
    if (got <= 0) break;
    for (ssize_t i = 0; i < got / 8; ++i, at += kPage) {
      if ((entries[static_cast<std::size_t>(i)] & kPresentOrSwapped) == 0) continue;
      if (!runs.empty() && runs.back().second == at) {
        runs.back().second += kPage;
      } else {
        runs.emplace_back(at, at + kPage);
      }
    }
  }
  close(file);
  return runs;
}

}  // namespace breakproof::harness
