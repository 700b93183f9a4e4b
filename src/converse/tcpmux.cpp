// SPDX-License-Identifier: MIT
// RFC 1078: reads which service the peer wants, and gives the connection back (decision B15.21).
#include <sys/socket.h>

#include <array>

#include "converse/talks.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_request = 255;  // without its line end
constexpr auto usual_time = 10s;  // for the whole line, so that a drop a minute does not last forever
constexpr std::string_view not_found = "-Service name not found\r\n";

class Tcpmux final : public Talk {
 public:
  explicit Tcpmux(Opening& opening) : Talk(opening) {
    const auto time = opening.parameters.idle_deadline;
    limit(time > 0ms ? time : std::chrono::milliseconds(usual_time));
  }

 private:
  void step() override;
  [[nodiscard]] Moved read();
  void refuse();
  void close() override {
    if (complete_) report_.connection = peer_.release();
  }

  std::string line_;
  bool complete_ = false;
  std::string_view refusal_;
};

void Tcpmux::step() {
  if (!refusal_.empty()) return refuse();
  while (peer_.readable() && !complete_) {
    const Moved moved = read();
    if (moved == Moved::later) return;
    if (moved != Moved::some) return finish();
    if (line_.size() - (line_.ends_with('\r') ? 1 : 0) > longest_request) return refuse();
  }
  if (!complete_) return;
  if (line_.ends_with('\r')) line_.pop_back();
  report_.request = base::to_lower(line_);
  finish();
}

/// Takes what has come of the line, and nothing behind it: that is for the server. So it looks first.
Moved Tcpmux::read() {
  std::array<char, longest_request + 2> bytes;
  const std::span<char> room(bytes.data(), bytes.size() - line_.size());
  std::size_t count = 0;
  Moved moved = peer_.receive(room, count, MSG_PEEK);
  if (moved != Moved::some) return moved;
  const auto end = std::string_view(bytes.data(), count).find('\n');
  complete_ = end != std::string_view::npos;
  const std::size_t take = complete_ ? end + 1 : count;
  moved = peer_.receive(room.first(take), count);
  if (moved != Moved::some) return moved;
  report_.in += count;
  line_.append(bytes.data(), complete_ ? count - 1 : count);
  return Moved::some;
}

void Tcpmux::refuse() {
  complete_ = false;
  if (refusal_.empty()) refusal_ = not_found;
  if (send(refusal_)) farewell();
}

}  // namespace

std::unique_ptr<Talk> make_tcpmux(Opening& opening) { return std::make_unique<Tcpmux>(opening); }

}  // namespace xsuperd::converse
