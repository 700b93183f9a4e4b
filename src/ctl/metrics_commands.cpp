// SPDX-License-Identifier: MIT
// What other programs want in figures.
#include <array>

#include "ctl/commands.hpp"
#include "xsuperd/metrics/exposition.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::string_view open_word = "openmetrics", text_word = "text";

std::string fill_metrics(const Arguments& a, command::Nothing&) {
  if (a.words.empty() || a.words[0] == open_word || a.words[0] == text_word) return {};
  return "the format is " + std::string(text_word) + " or " + std::string(open_word);
}

std::string print_metrics(const Arguments& a, const control::Answered<command::Metrics>& answer) {
  const bool open = !a.words.empty() && a.words[0] == open_word;
  return metrics::exposition({answer.result, answer.rows}, open ? metrics::Format::open_metrics : metrics::Format::text);
}

constexpr std::array<std::string_view, 2> metrics_lines{"xsuperctl metrics > xsuperd.prom.new && mv xsuperd.prom.new xsuperd.prom",
                                                        "xsuperctl metrics openmetrics"};

constexpr std::array metrics_rows{
    asks<command::Metrics, fill_metrics, print_metrics>(
        {.synopsis = "[text|openmetrics]", .text = "counters for monitoring systems",
         .description = "Prints all counters and histograms as the service metrics serves them: in the text format of "
                        "Prometheus, which collectors of text files read, or as OpenMetrics.",
         .examples = metrics_lines, .least = 0, .most = 1, .reads = true}),
};

}  // namespace

std::span<const Command> metrics_commands() { return metrics_rows; }

}  // namespace xsuperd::ctl
