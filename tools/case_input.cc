#include "tools/case_input.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "harness/case/case_binary.h"
#include "harness/case/case_text.h"
#include "harness/worker/outside/within_reach.h"
#include "harness/support/could_not_run.h"
#include "harness/support/files.h"
#include "harness/worker/outside/journal.h"

namespace breakproof::tools {
namespace {

using harness::Case;
using harness::CouldNotRun;
namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "# breakproof case v";

bool IsText(std::string_view content) {
  return std::all_of(content.begin(), content.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : byte == '\n' || byte == '\t' || byte == '\r';
  });
}

// libFuzzer's names for what it leaves behind; such a file may happen to be text.
bool IsArtifact(const fs::path& path) {
  const std::string name = path.filename().string();
  constexpr std::string_view kPrefixes[] = {"crash-", "oom-", "timeout-", "leak-", "slow-unit-"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// The lines of a case inside other output: from its first line to the first that belongs to no case.
std::string CaseInside(std::string_view content) {
  const std::size_t start = content.find(kFirstLine);
  if (start == std::string_view::npos) return std::string(content);
  const std::size_t line_start = content.rfind('\n', start) + 1;  // npos + 1 is 0
  const std::string_view indent = content.substr(line_start, start - line_start);
  std::string inside;
  for (std::size_t at = line_start; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    std::string_view line = content.substr(at, end - at);
    at = end + 1;
    if (line.starts_with(indent)) line.remove_prefix(indent.size());
    const bool is_operation = line.size() > 2 && line[0] == 't' && line[1] >= '0' && line[1] <= '9';
    if (!is_operation && !line.starts_with("#") && !line.starts_with("kernel")) break;
    inside += std::string(line) + "\n";
  }
  return inside;
}

Case ParseText(const fs::path& path, const std::string& content) {
  const bool is_case = content.starts_with(kFirstLine);
  Case c;
  harness::ParseError error;
  if (!harness::ParseCase(is_case ? content : CaseInside(content), &c, &error)) {
    throw CouldNotRun(path.string() + ":" + std::to_string(error.line) + ": not a case: " + error.message);
  }
  return c;
}

}  // namespace

Case LoadCase(const fs::path& path, KernelOfCase kernel) {
  const std::string content = harness::ReadWholeFile(path);
  if (auto c = harness::CaseOfJournal(content)) return *std::move(c);
  if (!content.starts_with(kFirstLine) && (IsArtifact(path) || !IsText(content))) {
    // As the fuzz targets run it: what its last operation broke may show only in a look afterwards.
    Case c = WithFinalCheck(harness::DecodeCase(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
    if (kernel == KernelOfCase::kReal) c = harness::WithinReach(std::move(c));
    c.notes = {"from the fuzz input " + path.filename().string()};
    return c;
  }
  return ParseText(path, content);
}

std::vector<Case> LoadCorpus(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  if (error) {
    throw CouldNotRun("cannot read the corpus " + folder.string() + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> corpus;
  for (const fs::path& file : files) corpus.push_back(LoadCase(file, KernelOfCase::kReal));
  return corpus;
}

}  // namespace breakproof::tools
