// The HTML report in headless Chromium: it opens at the guilty operation, steps, fits, and says nothing on the
// console; in a wide and a narrow window, light and dark.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/run_command.h"

namespace breakproof::tests {
namespace {

namespace fs = std::filesystem;

const std::string kBreakproof = std::getenv("BREAKPROOF");
const std::string kBroken = fs::absolute(std::getenv("BROKEN_LIBRARY"));
const std::string kProbe = fs::absolute(std::getenv("PROBE"));

std::string Contents(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// A report of a case that breaks H5 on the broken library.
std::string Report() {
  static const std::string file = [] {
    const fs::path folder = FreshFolder("report");
    std::ofstream(folder / "dirt.case") << "# breakproof case v1\n"
                                           "t0  a = malloc 4081\n"
                                           "t1  other = malloc 24\n"
                                           "t0  free a\n"
                                           "t1  exit\n"
                                           "t0  b = calloc 511 8\n"
                                           "t0  check\n";
    const fs::path page = folder / "report.html";
    const CommandResult result =
        RunCommand({kBreakproof, "report", folder / "dirt.case", "--library", kBroken, "--out", page});
    EXPECT_EQ(result.exit_code, 10) << result.err;
    return page.string();
  }();
  return file;
}

// The page with the probe in it, so that the file itself stays as users get it.
std::string ProbedReport() {
  std::string page = Contents(Report());
  const std::size_t end = page.rfind("</body>");
  EXPECT_NE(end, std::string::npos);
  page.insert(end, Contents(kProbe));
  const std::string file = FreshFolder("probed") + "/report.html";
  std::ofstream(file) << page;
  return file;
}

// What the page, not the browser's own pages, wrote on the console.
std::string Console(const CommandResult& result) {
  std::string said;
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("CONSOLE") != std::string::npos && line.find("source: file:") != std::string::npos) said += line + "\n";
  }
  return said;
}

CommandResult Chromium(std::vector<std::string> flags, const std::string& page) {
  const std::string profile = FreshFolder("chromium");
  setenv("HOME", profile.c_str(), 1);
  std::vector<std::string> arguments = {
      "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
      "--enable-logging=stderr", "--virtual-time-budget=2000", "--user-data-dir=" + profile};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.insert(arguments.end(), {"--dump-dom", "file://" + page});
  return RunCommand(arguments);
}

void ExpectHolds(const std::vector<std::string>& flags, const std::string& also) {
  const CommandResult result = Chromium(flags, ProbedReport());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::size_t at = result.out.find("data-seen=\"");
  ASSERT_NE(at, std::string::npos) << "the probe did not come to its end\n" << result.err;
  const std::string seen = result.out.substr(at + 11, result.out.find('"', at + 11) - at - 11);
  EXPECT_EQ(seen.find("HELD"), 0u) << seen;
  EXPECT_NE(seen.find(also), std::string::npos) << seen;
  EXPECT_EQ(Console(result), "");
}

TEST(ReportPageTest, Wide) { ExpectHolds({"--window-size=1400,900"}, "width=1400 dark=false"); }
TEST(ReportPageTest, Narrow) { ExpectHolds({"--window-size=500,800"}, "width=500"); }
TEST(ReportPageTest, Dark) {
  ExpectHolds({"--window-size=1400,900", "--blink-settings=preferredColorScheme=0"}, "dark=true page=rgb(18, 22, 28)");
}

// The test itself: a page that complains or does not step is noticed.
TEST(ReportPageTest, ABrokenPageIsNoticed) {
  std::string page = Contents(ProbedReport());
  const std::size_t at = page.find("ArrowRight: step + 1");
  ASSERT_NE(at, std::string::npos);
  page.replace(at, 20, "ArrowRight: step + 0");
  page.insert(page.rfind("</body>"), "<script>console.error('something')</script>");
  const std::string file = FreshFolder("broken_page") + "/report.html";
  std::ofstream(file) << page;
  const CommandResult result = Chromium({"--window-size=1400,900"}, file);
  EXPECT_NE(result.out.find("FAILED: Right steps forward"), std::string::npos) << result.out;
  EXPECT_NE(Console(result).find("something"), std::string::npos) << result.err;
}

TEST(ReportPageTest, NeedsNothingElse) {
  const std::string page = Contents(Report());
  for (const char* outside : {"http://", "https://", "src=", "@import", "url("}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
}

}  // namespace
}  // namespace breakproof::tests
