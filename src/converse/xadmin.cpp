// SPDX-License-Identifier: MIT
// xinetd's old administration service: questions about what runs (fact B9.6).
#include <algorithm>
#include <array>

#include "converse/talks.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_line = 256;
constexpr int commands_per_turn = 32;
constexpr auto usual_idle_time = 5min;
constexpr std::string_view prompt = "> ";

constexpr std::string_view help =
    "help        this list\n"
    "show run    the servers that run\n"
    "show avail  the services\n"
    "bye, exit, quit\n";
constexpr std::string_view what_to_show = "show run or show avail?\n";
constexpr std::string_view unknown = "no such command; try help\n";

/// "sh", "show" and "shows" all mean show.
bool means(std::string_view typed, std::string_view word) {
  const std::size_t size = std::min(typed.size(), word.size());
  return size > 0 && base::iequals(typed.substr(0, size), word.substr(0, size));
}

class Xadmin final : public Talk {
 public:
  explicit Xadmin(Opening& opening) : Talk(opening), texts_(std::move(opening.parameters.texts)) {
    texts_.resize(2);
  }

 private:
  void step() override;
  [[nodiscard]] Moved read();
  [[nodiscard]] std::string next_line();
  void obey(std::string_view line);
  [[nodiscard]] std::string_view shown(const std::vector<std::string_view>& words) const;
  void say(std::string_view text, std::string_view after = prompt) { unsent_ = {text, after}; }

  std::vector<std::string> texts_;  // show run, show avail
  std::array<std::string_view, 2> unsent_ = {prompt, ""};
  std::string line_;  // what was read and not yet obeyed
  bool bye_ = false;
};

/// A command is obeyed when the answer to the one before is sent, and not earlier: one answer at most waits.
void Xadmin::step() {
  for (int turn = 0; turn < commands_per_turn; ++turn) {
    if (!send(unsent_[0], !unsent_[1].empty()) || !send(unsent_[1])) return;
    if (bye_) return farewell();
    if (line_.find('\n') == std::string::npos) {
      const Moved moved = read();
      if (moved == Moved::later) return;
      if (moved != Moved::some) return finish();
    } else {
      obey(next_line());
    }
  }
  peer_.again();
}

Moved Xadmin::read() {
  if (!peer_.readable()) return Moved::later;
  std::array<char, longest_line> bytes;
  std::size_t count = 0;
  const Moved moved = peer_.receive({bytes.data(), longest_line - line_.size()}, count);
  if (moved != Moved::some) return moved;
  report_.in += count;
  line_.append(bytes.data(), count);
  if (line_.size() == longest_line && line_.find('\n') == std::string::npos) {
    say("line too long\n", "");
    bye_ = true;
  }
  return moved;
}

std::string Xadmin::next_line() {
  const auto end = line_.find('\n');
  std::string line = line_.substr(0, end);
  line_.erase(0, end + 1);
  return line;
}

void Xadmin::obey(std::string_view line) {
  const auto words = base::split_words(base::trim(line));
  const std::string_view first = words.empty() ? "" : words.front();
  if (words.empty()) return say("");
  if (means(first, "help")) return say(help);
  if (means(first, "show")) return say(shown(words));
  if (!means(first, "bye") && !means(first, "exit") && !means(first, "quit")) return say(unknown);
  say("bye bye\n", "");
  bye_ = true;
}

std::string_view Xadmin::shown(const std::vector<std::string_view>& words) const {
  if (words.size() < 2) return what_to_show;
  if (means(words[1], "run")) return texts_[0];
  if (means(words[1], "avail")) return texts_[1];
  return what_to_show;
}

}  // namespace

std::unique_ptr<Talk> make_xadmin(Opening& opening) {
  if (opening.parameters.idle_deadline == 0ms) opening.parameters.idle_deadline = usual_idle_time;
  return std::make_unique<Xadmin>(opening);
}

}  // namespace xsuperd::converse
