// SPDX-License-Identifier: MIT
// The command `complete`: shells ask it at each press of the key, so it is quick, and silent about what does not work.
#include <fmt/format.h>

#include <algorithm>

#include "ctl/candidates.hpp"
#include "ctl/commands.hpp"
#include "ctl/failure.hpp"
#include "ctl/inquiry.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/control/socket_file.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::chrono::seconds patience{1};

class Daemon final : public Things {
 public:
  Daemon(std::string socket, std::string file) : socket_(std::move(socket)), file_(std::move(file)) {}

  Candidates services() override {
    const auto list = ask_within(socket_, {"list", {{"all", true}}}, patience);
    if (list) return words_of(*list, "id", [](const json::object& row) { return text_at(row, "state"); });
    config::SystemFiles files;
    return services_in(files, file_);
  }
  Candidates sessions() override {
    return asked("sessions", "session", [](const json::object& row) { return text_at(row, "service") + " " + text_at(row, "peer"); });
  }
  Candidates peers() override {
    return asked("sessions", "peer", [](const json::object& row) { return text_at(row, "service"); });
  }
  Candidates banned() override {
    return asked("bans", "address", [](const json::object&) { return std::string("banned"); });
  }

 private:
  template <typename Text>
  static Candidates words_of(const Answer& answer, const char* member, Text text) {
    Candidates all;
    for (const json::object& row : answer.rows) {
      const std::string word = text_at(row, member);
      const bool there = std::any_of(all.begin(), all.end(), [&](const Candidate& one) { return one.word == word; });
      if (!there && word != "-") all.push_back({word, text(row)});
    }
    return all;
  }
  template <typename Text>
  Candidates asked(const char* command, const char* member, Text text) {
    const auto answer = ask_within(socket_, {command}, patience);
    return answer ? words_of(*answer, member, text) : Candidates{};
  }

  std::string socket_;
  std::string file_;
};

/// Of the line that is being written.
std::string socket_of(const std::vector<std::string>& words) {
  constexpr std::string_view joined = "--socket=";
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].starts_with(joined)) return words[i].substr(joined.size());
    if (words[i] == "--socket" && i + 2 < words.size()) return words[i + 1];
  }
  return control::path_to_ask();
}

}  // namespace

int complete(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  auto line = words;
  std::string file = "/etc/xinetd.conf";
  if (line.size() > 1 && line[0] == "--files") {
    file = line[1];
    line.erase(line.begin(), line.begin() + 2);
  }
  if (line.empty() || line[0] != "--") return usage({out, err}, "it is: xsuperctl complete [--files FILE] -- WORD ...", "complete");
  line.erase(line.begin());
  Daemon daemon(socket_of(line), file);
  for (const Candidate& one : candidates(line, daemon))
    fmt::print(out, "{}\t{}\n", fit_for_terminal(one.word), fit_for_terminal(one.text));
  return static_cast<int>(Exit::good);
}

}  // namespace xsuperd::ctl
