// SPDX-License-Identifier: MIT
#include "ctl/health.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>

#include "ctl/answers.hpp"
#include "ctl/failure.hpp"
#include "ctl/inquiry.hpp"
#include "ctl/table.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::size_t most_told = 10;

/// The bar ends the text for its readers.
std::string harmless(std::string_view text) {
  std::string result = fit_for_terminal(text);
  std::replace(result.begin(), result.end(), '|', '/');
  return result;
}

std::string number_text(double value) {
  return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}

/// In quotes where it has to be; an equals sign may not stand in it at all.
std::string label_text(std::string_view label) {
  std::string text = harmless(label);
  std::replace(text.begin(), text.end(), '=', '_');
  std::replace(text.begin(), text.end(), '\'', '_');
  return text.find(' ') == text.npos ? text : "'" + text + "'";
}

std::string measure_text(const Measure& m, const HealthOptions& options) {
  const std::string text = fmt::format("{}={}{}", label_text(m.label), number_text(m.value), m.unit);
  if (m.greatest.empty()) return text;
  const bool judged = m.unit == "%";
  return fmt::format("{};{};{};0;{}", text, judged ? options.warning.text : "", judged ? options.critical.text : "", m.greatest);
}

struct Question {
  HealthOptions options;
  std::chrono::seconds patience{10};
};

std::string bad(std::string_view option, const std::string& word, std::string_view what) {
  return fmt::format("{} must be {}, not '{}'", option, what, base::escaped(word, 100));
}

/// The options, or what is wrong with them.
base::Result<Question> question_of(const Arguments& a) {
  Question question;
  question.options.services = a.words;
  for (const auto& [name, word, range] : {std::tuple{"--warning", &a.warning, &question.options.warning},
                                          std::tuple{"--critical", &a.critical, &question.options.critical}}) {
    if (!*word) continue;
    auto read = range_of(**word);
    if (!read) return base::Error{0, bad(name, **word, "a range such as 80 or 10:90")};
    *range = std::move(*read);
  }
  const auto minutes = base::parse_number(a.recent.value_or("10"), 0, 1'000'000);
  if (!minutes) return base::Error{0, bad("--recent", *a.recent, "a number of minutes")};
  question.options.recent = static_cast<double>(*minutes) * 60;
  const auto seconds = base::parse_number(a.timeout.value_or("10"), 1, 3600);
  if (!seconds) return base::Error{0, bad("--timeout", *a.timeout, "a number of seconds")};
  question.patience = std::chrono::seconds(*seconds);
  return question;
}

/// A daemon that is not there, or hangs, is as bad as can be; of one that refuses us nothing is known.
Health unreached(const base::Error& error, const std::string& socket) {
  constexpr std::array silent{ENOENT, ENOTDIR, ECONNREFUSED, ETIMEDOUT, EAGAIN, ECONNRESET, EPIPE};
  const bool gone = std::find(silent.begin(), silent.end(), error.code) != silent.end();
  return ill(gone ? Grade::critical : Grade::unknown, sentence_of(error, socket));
}

Health ask(const Question& question, const std::string& socket) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + question.patience;
  const auto left = [&] { return std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()); };
  const auto status = ask_within(socket, control::ask_for<command::Status>(), left());
  if (!status) return unreached(status.error(), socket);
  request::List all;
  all.all = true;
  const auto list = ask_within(socket, control::ask_for<command::List>(all), left());
  if (!list) return unreached(list.error(), socket);
  return health_of(*status, *list, question.options);
}

int tell(std::FILE* out, const Health& health, const HealthOptions& options, bool as_json) {
  fmt::print(out, "{}", as_json ? json::serialize(json_of(health)) + "\n" : line_of(health, options));
  return static_cast<int>(health.grade());
}

}  // namespace

std::string_view word_of(Grade grade) { return told::Grades::all.at(static_cast<std::size_t>(grade)); }

std::string line_of(const Health& health, const HealthOptions& options) {
  std::string text;
  for (std::size_t i = 0; i < std::min(health.problems.size(), most_told); ++i) {
    if (i > 0) text += "; ";
    text += health.problems[i].sentence;
  }
  if (health.problems.size() > most_told) text += fmt::format("; and {} more", health.problems.size() - most_told);
  if (health.problems.empty()) text = health.summary;
  std::string line = fmt::format("{}: {}", word_of(health.grade()), harmless(text));
  for (std::size_t i = 0; i < health.measures.size(); ++i) {
    line += i == 0 ? '|' : ' ';
    line += measure_text(health.measures[i], options);
  }
  return line + "\n";
}

json::object json_of(const Health& health) {
  told::Health all{word_of(health.grade()), static_cast<unsigned>(health.grade()), health.summary, {}, {}};
  for (const Problem& p : health.problems)
    all.problems.push_back({word_of(p.grade), p.sentence, p.service.empty() ? std::nullopt : std::optional(p.service)});
  for (const Measure& m : health.measures) all.measures.emplace_back(m.label, control::Number{m.value});
  return control::write(all);
}

Exit health(const Arguments& arguments, std::FILE* out, std::FILE*) {
  const auto question = question_of(arguments);
  const Health found = question ? ask(*question, arguments.socket) : ill(Grade::unknown, question.error().sentence);
  return static_cast<Exit>(tell(out, found, question ? question->options : HealthOptions{}, arguments.json));
}

bool means_health(const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), "health") != words.end();
}

int health_unknown(std::FILE* out, bool as_json, const std::string& sentence) {
  return tell(out, ill(Grade::unknown, sentence), {}, as_json);
}

}  // namespace xsuperd::ctl
