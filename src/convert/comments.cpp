// SPDX-License-Identifier: MIT
#include "convert/comments.hpp"

#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::string line = text.substr(at, end == std::string::npos ? end : end - at);
    line.resize(std::min(line.find('\0'), line.size()));
    while (!line.empty() && base::is_space(line.back())) line.pop_back();
    lines.push_back(std::move(line));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

/// ".include" and "ADDRESS:", which belong to no service.
bool is_directive(const std::string& line) {
  if (base::is_space(line.front())) return false;
  return line.front() == '.' || (line.back() == ':' && base::split_words(line).size() == 1);
}

/// The comment behind the text of NetBSD's notation, in which # begins one anywhere; else nothing.
std::string trailing_comment(const std::string& line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote && line[i] == '\\')
      ++i;
    else if (quote)
      quote = line[i] == quote ? '\0' : quote;
    else if (line[i] == '"' || line[i] == '\'')
      quote = line[i];
    else if (line[i] == '#')
      return line.substr(i);
  }
  return {};
}

bool is_key_notation(const std::string& line) {
  const auto words = base::split_words(line);
  return words.size() > 1 && (base::iequals(words[1], "on") || base::iequals(words[1], "off"));
}

class Distributor {
 public:
  explicit Distributor(const std::set<int>& services) : services_(services) {}

  Comments run(const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) take(static_cast<int>(i) + 1, lines[i]);
    leave();
    return std::move(result_);
  }

 private:
  void take(int number, const std::string& line) {
    const std::string text(base::trim(line));
    const bool service = services_.contains(number);
    if (text.empty()) return leave();
    if (text.front() == '#' && !service) return void(pending_.emplace_back(number, text));
    if (!service && is_directive(line)) {
      leave();
      result_.left[number] = line;
      current_ = 0;
      return;
    }
    if (service) {
      current_ = number;
      keys_ = is_key_notation(text);
    }
    if (current_ == 0) return leave();
    auto& mine = result_.of[current_];
    for (auto& [where, comment] : std::exchange(pending_, {})) mine.push_back(std::move(comment));
    if (std::string comment = keys_ ? trailing_comment(line) : ""; !comment.empty()) mine.push_back(std::move(comment));
  }
  void leave() {
    for (auto& [number, comment] : std::exchange(pending_, {})) result_.left[number] = std::move(comment);
  }

  const std::set<int>& services_;
  Comments result_;
  std::vector<std::pair<int, std::string>> pending_;
  int current_ = 0;
  bool keys_ = false;
};

}  // namespace

Comments comments_of(const std::string& text, const std::set<int>& services) {
  return Distributor(services).run(split_lines(text));
}

std::map<int, std::string> lines_of_service(const std::string& text, const std::set<int>& services, int line) {
  const std::vector<std::string> lines = split_lines(text);
  const auto next = services.upper_bound(line);
  const int end = next == services.end() ? static_cast<int>(lines.size()) + 1 : *next;
  std::map<int, std::string> mine;
  for (int number = line; number < end && number <= static_cast<int>(lines.size()); ++number) {
    const std::string& one = lines[static_cast<std::size_t>(number) - 1];
    const auto trimmed = base::trim(one);
    if (number != line && !trimmed.empty() && trimmed.front() != '#' && is_directive(one)) break;
    if (number == line || (!trimmed.empty() && trimmed.front() != '#')) mine[number] = one;
  }
  return mine;
}

}  // namespace xsuperd::convert
