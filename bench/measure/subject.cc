#include "bench/measure/subject.h"

#include <algorithm>

#include "harness/support/could_not_run.h"
#include "harness/support/shared_library.h"

namespace breakproof::bench {

namespace {

// As Debian 12 installs them on x86-64.
constexpr struct {
  const char* name;
  const char* library;
  const char* package;
} kPeers[] = {
    {"jemalloc", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", "libjemalloc2"},
    {"mimalloc", "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2.0", "libmimalloc2.0"},
    {"tcmalloc", "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"},
    {"scudo", "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.scudo_standalone-x86_64.so", "libclang-rt-19-dev"},
    {"tbb", "/usr/lib/x86_64-linux-gnu/libtbbmalloc_proxy.so.2", "libtbbmalloc2"},
};

bool IsTaken(const Subjects& subjects, const std::string& name) {
  return std::any_of(subjects.present.begin(), subjects.present.end(),
                     [&](const Subject& subject) { return subject.name == name; });
}

std::string FreeName(const Subjects& subjects, const std::string& wanted) {
  std::string name = wanted;
  for (int n = 2; IsTaken(subjects, name); ++n) name = wanted + "-" + std::to_string(n);
  return name;
}

}  // namespace

Subjects FindSubjects(const std::filesystem::path& ours, const std::vector<std::filesystem::path>& libraries) {
  Subjects subjects;
  subjects.present = {{kOurName, ours}, {kSystemName, ""}};
  for (const auto& peer : kPeers) {
    if (std::filesystem::exists(peer.library)) {
      subjects.present.push_back({peer.name, peer.library, true});
    } else {
      subjects.missing.push_back(std::string(peer.name) + " is not installed, so it is not compared; ./setup.sh installs it (" +
                                 peer.package + ")");
    }
  }
  for (const std::filesystem::path& library : libraries) {
    harness::RequireSharedLibrary(library);
    subjects.present.push_back({FreeName(subjects, library.filename().string()), library});
  }
  return subjects;
}

void KeepOnly(const std::vector<std::string>& names, Subjects* subjects) {
  std::vector<Subject> kept;
  for (const std::string& name : names) {
    if (IsTaken(*subjects, name)) continue;
    std::string known;
    for (const Subject& subject : subjects->present) known += (known.empty() ? "" : ", ") + subject.name;
    throw harness::CouldNotRun("there is no allocator called " + name + " here; there are: " + known);
  }
  for (const Subject& subject : subjects->present) {
    const bool is_named = std::find(names.begin(), names.end(), subject.name) != names.end();
    if (is_named || subject.name == kSystemName) kept.push_back(subject);
  }
  subjects->present = std::move(kept);
}

}  // namespace breakproof::bench
