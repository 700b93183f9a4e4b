// SPDX-License-Identifier: MIT
// The command `complete`: shells ask it at each press of the key, so it is quick, and silent about what does not work.
#include <fmt/format.h>

#include <algorithm>

#include "ctl/candidates.hpp"
#include "ctl/commands.hpp"
#include "ctl/failure.hpp"
#include "ctl/inquiry.hpp"
#include "ctl/table.hpp"
#include "xsuperd/control/socket_file.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::chrono::seconds patience{1};

class Daemon final : public Things {
 public:
  Daemon(std::string socket, std::string file) : socket_(std::move(socket)), file_(std::move(file)) {}

  Candidates services() override {
    request::List all;
    all.all = true;
    if (const auto list = ask<command::List>(all)) {
      Candidates found;
      for (const reply::ListRow& row : list->rows)
        std::visit([&](const auto& one) { add(found, one.id, one.state); }, row);
      return found;
    }
    config::SystemFiles files;
    return services_in(files, file_);
  }
  Candidates sessions() override {
    Candidates found;
    for (const reply::Session& one : session_rows()) add(found, std::to_string(one.session), one.service + " " + one.peer.value_or("-"));
    return found;
  }
  Candidates peers() override {
    Candidates found;
    for (const reply::Session& one : session_rows())
      if (one.peer) add(found, *one.peer, one.service);
    return found;
  }
  Candidates banned() override {
    Candidates found;
    if (const auto bans = ask<command::Bans>())
      for (const reply::Ban& one : bans->rows) add(found, one.address, "banned");
    return found;
  }

 private:
  /// Each word once.
  static void add(Candidates& to, const std::string& word, const std::string& text) {
    if (!word.empty() && std::none_of(to.begin(), to.end(), [&](const Candidate& one) { return one.word == word; }))
      to.push_back({word, text});
  }
  template <typename C>
  std::optional<control::Answered<C>> ask(const typename C::Arguments& arguments = {}) {
    const auto answer = ask_within(socket_, control::ask_for<C>(arguments), patience);
    return answer ? std::optional(answered<C>(*answer)) : std::nullopt;
  }
  std::vector<reply::Session> session_rows() {
    auto answer = ask<command::Sessions>();
    return answer ? std::move(answer->rows) : std::vector<reply::Session>{};
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
  if (line.empty() || line[0] != "--") return usage({out, err}, "usage: xsuperctl complete [--files FILE] -- WORD ...",
                                                                "complete");
  line.erase(line.begin());
  Daemon daemon(socket_of(line), file);
  for (const Candidate& one : candidates(line, daemon))
    fmt::print(out, "{}\t{}\n", fit_for_terminal(one.word), fit_for_terminal(one.text));
  return static_cast<int>(Exit::good);
}

}  // namespace xsuperd::ctl
