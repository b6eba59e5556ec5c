// The comparison as a person meets it, at a tiny scale: the shape of its reports, and what it says of bad input.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/run_command.h"

namespace breakproof::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tests::CommandResult;

const std::string kCompare = std::getenv("COMPARE");
const std::string kTwin = fs::absolute(std::getenv("TWIN_LIBRARY"));
const std::string kOverlapping = fs::absolute(std::getenv("OVERLAPPING_LIBRARY"));
const std::string kDirty = fs::absolute(std::getenv("DIRTY_LIBRARY"));

CommandResult Compare(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kCompare);
  return tests::RunCommand(arguments);
}

CommandResult CompareTiny(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--rounds", "1", "--scale", "1"});
  return Compare(arguments);
}

std::string Contents(const fs::path& file) {
  std::stringstream content;
  content << std::ifstream(file).rdbuf();
  return content.str();
}

void ExpectCouldNotRun(const CommandResult& result, const std::string& says) {
  EXPECT_EQ(result.exit_code, 11);
  EXPECT_NE(result.err.find(says), std::string::npos) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST(CompareTest, EveryWorkloadUnderEveryAllocator) {
  const fs::path folder = tests::FreshFolder("reports");
  // Long enough that its memory is looked at even on a busy machine.
  const CommandResult run = Compare({"--rounds", "1", "--scale", "40", "--only", "ring,trace_git_log", "--library", kTwin,
                                     "--json", folder / "a.json"});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  const json report = json::parse(Contents(folder / "a.json"));
  EXPECT_EQ(report["schema_version"], 1);
  EXPECT_EQ(report["rounds"], 1);
  EXPECT_EQ(report["failures"], json::array());
  ASSERT_EQ(report["workloads"].size(), 2u);
  // Ours, the system's, the five that setup.sh installs, the one given.
  ASSERT_EQ(report["subjects"].size(), 8u);
  EXPECT_EQ(report["subjects"][0]["name"], "breakproof");
  EXPECT_EQ(report["subjects"][7]["name"], "libslab_twin.so");
  for (const json& workload : report["workloads"]) {
    EXPECT_EQ(workload["checksum"].get<std::string>().size(), 16u);
    ASSERT_EQ(workload["results"].size(), 8u);
    for (const json& result : workload["results"]) {
      EXPECT_TRUE(result["failure"].is_null());
      for (const char* const metric : {"wall_seconds", "peak_bytes", "average_bytes", "page_faults"}) {
        EXPECT_GT(result[metric]["median"].get<double>(), 0) << metric;
        EXPECT_EQ(result[metric]["runs"].size(), 1u);
        EXPECT_GT(result[metric]["to_best_peer"].get<double>(), 0) << metric;
      }
      EXPECT_GT(result["peak_bytes"]["median"].get<double>(), 500e3);
    }
    EXPECT_EQ(workload["results"][1]["wall_seconds"]["to_system"], 1.0);
    EXPECT_NE(run.out.find(workload["name"].get<std::string>()), std::string::npos);
  }
  EXPECT_EQ(report["geometric_means"][1]["peak_bytes"]["to_system"], 1.0);
}

TEST(CompareTest, PageNeedsNothingOutsideAndTrustsNobody) {
  const fs::path folder = tests::FreshFolder("page");
  const fs::path evil = folder / "<script>&.so";
  fs::copy_file(kTwin, evil);
  const CommandResult run = CompareTiny({"--only", "ring", "--library", evil, "--html", folder / "a.html"});
  ASSERT_EQ(run.exit_code, 0) << run.err << run.out;
  const std::string page = Contents(folder / "a.html");
  for (const char* const outside : {"http:", "https:", "src=", "href=", "@import", "url(", "<script", "<link", "&.so"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  EXPECT_NE(page.find("&lt;script&gt;&amp;.so"), std::string::npos);
  for (const char* const needed : {"<!DOCTYPE html>", "prefers-color-scheme: dark", "viewport", "type=\"radio\"", "</html>"}) {
    EXPECT_NE(page.find(needed), std::string::npos) << needed;
  }
}

TEST(CompareTest, AllocatorsThatLoseBytesFailTheRun) {
  const fs::path folder = tests::FreshFolder("broken");
  const CommandResult overlapping = CompareTiny({"--only", "survivors", "--library", kOverlapping});
  EXPECT_EQ(overlapping.exit_code, 10) << overlapping.out;
  EXPECT_NE(overlapping.out.find("FAILED: survivors under libblocks_too_close.so: "), std::string::npos) << overlapping.out;
  const CommandResult dirty = CompareTiny({"--only", "zeroed", "--library", kDirty, "--json", folder / "a.json"});
  EXPECT_EQ(dirty.exit_code, 10) << dirty.out;
  EXPECT_NE(dirty.out.find("calloc returned a block that is not zeroed"), std::string::npos) << dirty.out;
  // The others' figures are there all the same.
  const json results = json::parse(Contents(folder / "a.json"))["workloads"][0]["results"];
  EXPECT_GT(results[0]["wall_seconds"]["median"].get<double>(), 0);
  EXPECT_FALSE(results.back()["failure"].is_null());
  EXPECT_TRUE(results.back()["wall_seconds"]["median"].is_null());
}

TEST(CompareTest, LibrariesThatAreNone) {
  const std::string folder = tests::FreshFolder("none");
  const auto compare = [&](const std::string& library) { return CompareTiny({"--only", "ring", "--library", library}); };
  ExpectCouldNotRun(compare("/usr/lib/x86_64-linux-gnu/libm.so.6"), "is not an allocator");
  ExpectCouldNotRun(compare(folder + "/missing.so"), "there is no library");
  ExpectCouldNotRun(compare(folder), "is not a file");
  std::ofstream(folder + "/text.so") << "not a library";
  ExpectCouldNotRun(compare(folder + "/text.so"), "is not a shared library");
}

TEST(CompareTest, ImpossibleFlags) {
  ExpectCouldNotRun(Compare({"--nonsense"}), "--nonsense");
  ExpectCouldNotRun(Compare({"--rounds", "0"}), "--rounds");
  ExpectCouldNotRun(Compare({"--only", "rings"}), "there is no workload called rings");
  ExpectCouldNotRun(Compare({"--allocators", "dlmalloc"}), "there is no allocator called dlmalloc");
  ExpectCouldNotRun(Compare({"--only", "ring", "--json", "/nowhere/a.json"}), "cannot write");
  const std::string trace = tests::FreshFolder("traces") + "/a.case";
  std::ofstream(trace) << "# breakproof case v1\nt0  a = mallok 8\n";
  ExpectCouldNotRun(Compare({"--only", "ring", "--trace", trace}), "a.case:2");
}

// As a terminal does it: every process of the group gets the signal, once.
void InterruptGroupSoon() {
  setpgid(0, 0);
  if (fork() != 0) return;
  signal(SIGINT, SIG_IGN);
  sleep(1);
  kill(0, SIGINT);
  _exit(0);
}

TEST(CompareTest, InterruptedItShowsWhatItHas) {
  const fs::path folder = tests::FreshFolder("interrupted");
  const CommandResult run = tests::RunCommand({kCompare, "--only", "ring", "--allocators", "breakproof", "--rounds", "1000",
                                               "--scale", "5", "--json", folder / "a.json"},
                                              InterruptGroupSoon);
  EXPECT_EQ(run.exit_code, 130) << run.err << run.out;
  const json report = json::parse(Contents(folder / "a.json"));
  EXPECT_TRUE(report["interrupted"]);
  EXPECT_EQ(report["failures"], json::array());
}

TEST(CompareTest, TheSameSeedIsTheSameWork) {
  const fs::path folder = tests::FreshFolder("seeds");
  const auto checksum = [&](const std::string& seed) {
    const CommandResult run = CompareTiny({"--only", "bursts", "--allocators", "breakproof", "--seed", seed, "--json",
                                           folder / "a.json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return json::parse(Contents(folder / "a.json"))["workloads"][0]["checksum"];
  };
  EXPECT_EQ(checksum("1"), checksum("1"));
  EXPECT_NE(checksum("1"), checksum("2"));
}

}  // namespace
}  // namespace breakproof::bench
