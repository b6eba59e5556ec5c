#include <algorithm>
#include <cstdio>

#include "bench/report/html_style.h"
#include "bench/report/report.h"
#include "bench/report/summary.h"

namespace breakproof::bench {

namespace {

// Text for any place in the page, attributes in double quotes included.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string Element(const std::string& tag, const std::string& text) {
  return "<" + tag + ">" + Escaped(text) + "</" + tag + ">";
}

std::string Percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", 100 * std::clamp(share, 0.0, 1.0));
  return text;
}

// A bar from zero to the median, and a line from the least to the greatest value seen.
std::string Bar(const Spread& spread, double greatest) {
  if (!spread.IsMeasured() || !(greatest > 0)) return "";
  const std::string bar = "<span class=\"bar\" style=\"width:" + Percent(spread.median / greatest) + "\"></span>";
  if (spread.low == spread.high) return bar;
  return bar + "<span class=\"spread\" style=\"left:" + Percent(spread.low / greatest) +
         ";width:" + Percent((spread.high - spread.low) / greatest) + "\"></span>";
}

std::string RowClass(const Subject& subject) { return subject.name == kOurName ? " class=\"ours\"" : ""; }

std::string BarRow(const Subject& subject, const Spread& spread, double greatest, const std::string& value,
                   const std::string& note) {
  return "<tr" + RowClass(subject) + "><th scope=\"row\">" + Escaped(subject.name) + "</th><td class=\"track\">" +
         Bar(spread, greatest) + "</td><td class=\"value\">" + Escaped(value) + "<small>" + Escaped(note) +
         "</small></td></tr>\n";
}

// "times 0.91, 0.120 s to 0.130 s".
std::string Note(const Results& results, const Row& row, std::size_t subject, Metric metric, const Spread& spread) {
  const auto system = IndexOf(results, kSystemName);
  std::string note = Shown(spread.low, metric) + " to " + Shown(spread.high, metric);
  if (system) note = "×" + ShownRatio(Ratio(row, subject, *system, metric)) + ", " + note;
  return note;
}

std::string WorkloadChart(const Results& results, const Row& row, Metric metric) {
  double greatest = 0;
  for (const Cell& cell : row.cells) greatest = std::fmax(greatest, SpreadOf(cell, metric).high);
  std::string html = "<table><caption><b>" + Escaped(row.workload.name) + "</b> " + Escaped(row.workload.what) + "</caption>\n";
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const Spread spread = SpreadOf(row.cells[i], metric);
    const std::string& failure = row.cells[i].failure;
    const bool is_shown = failure.empty() && spread.IsMeasured();
    html += BarRow(results.subjects[i], spread, greatest, failure.empty() ? Shown(spread.median, metric) : "failed",
                   is_shown ? Note(results, row, i, metric, spread) : failure);
  }
  return html + "</table>\n";
}

std::string MeansChart(const Results& results, const MetricFacts& facts) {
  double greatest = 0;
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    greatest = std::fmax(greatest, AgainstSystem(results, i, facts.metric).ratio);
  }
  std::string html = "<table class=\"means\"><caption><b>geometric mean</b> against " + std::string(kSystemName) +
                     "</caption>\n";
  for (std::size_t i = 0; i < results.subjects.size(); ++i) {
    const Mean mean = AgainstSystem(results, i, facts.metric);
    html += BarRow(results.subjects[i], {mean.ratio, mean.ratio, mean.ratio}, greatest, ShownRatio(mean.ratio),
                   "over " + std::to_string(mean.rows) + " of " + std::to_string(results.rows.size()) + " workloads");
  }
  return html + "</table>\n";
}

std::string List(const std::string& heading, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string html = Element("h2", heading) + "<ul>\n";
  for (const std::string& sentence : sentences) html += Element("li", sentence) + "\n";
  return html + "</ul>\n";
}

std::string Setting(const Results& results) {
  const Machine& machine = results.machine;
  char load[32];
  std::snprintf(load, sizeof load, "%.2f", machine.load_before);
  return machine.date + ". " + machine.processor + ", " + std::to_string(machine.processors) + " processors, " +
         machine.kernel + ", " + machine.libc + ", transparent huge pages: " + machine.huge_pages + ", load average before: " +
         load + ". " + std::to_string(results.rounds) + " interleaved rounds, seed " + std::to_string(results.seed) +
         (results.interrupted ? ". The run was interrupted." : ".");
}

// Radio buttons, and a style that shows the section of the one that is checked: no script is needed, and the arrow
// keys work.
std::string Choices(const std::vector<MetricFacts>& shown) {
  std::string html = Element("h2", "Every workload") +
                     Element("p", std::string("Each bar is a median; the line over it reaches from the least to the greatest "
                                              "value seen. ×1.00 is ") + kSystemName + "'s median. Less is better.") +
                     "<fieldset><legend>What to show</legend>\n";
  for (std::size_t i = 0; i < shown.size(); ++i) {
    html += "<label><input type=\"radio\" name=\"metric\" id=\"m" + std::to_string(i) + "\"" + (i == 0 ? " checked" : "") + ">" +
            Escaped(shown[i].title) + "</label>\n";
  }
  return html + "</fieldset>\n";
}

std::string Section(const Results& results, const MetricFacts& facts, std::size_t index) {
  std::string html = "<section class=\"m" + std::to_string(index) + "\" aria-label=\"" + Escaped(facts.title) + "\">\n" +
                     MeansChart(results, facts) + "<div class=\"charts\">\n";
  for (const Row& row : results.rows) html += WorkloadChart(results, row, facts.metric);
  return html + "</div></section>\n";
}

}  // namespace

std::string HtmlReport(const Results& results) {
  std::vector<MetricFacts> shown;
  for (const MetricFacts& facts : kMetrics) {
    if (IsMeasured(results, facts.metric)) shown.push_back(facts);
  }
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>Allocators compared</title>\n<style>" + std::string(kStyle) + "</style></head>\n<body><main>\n";
  html += Element("h1", "Allocators compared") + Element("p", Setting(results));
  html += List("In short", Verdict(results)) + List("Failed", Failures(results)) + List("To be read with care", results.remarks);
  html += Choices(shown);
  for (std::size_t i = 0; i < shown.size(); ++i) html += Section(results, shown[i], i);
  return html + "</main></body></html>\n";
}

}  // namespace breakproof::bench
