// SPDX-License-Identifier: MIT
// Asks the peer's host who owns a connection, and reads one line (RFC 1413; facts B7.15, B7.29).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "converse/ident_reply.hpp"
#include "converse/talks.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

using Result = Identity::Result;

constexpr auto usual_time = 30s;

class Ident final : public Talk {
 public:
  explicit Ident(Opening& opening)
      : Talk(opening),
        question_(fmt::format("{},{}\r\n", opening.parameters.peer_port, opening.parameters.local_port)),
        unsent_(question_),
        peer_port_(opening.parameters.peer_port),
        local_port_(opening.parameters.local_port) {
    const auto& targets = opening.parameters.targets;
    if (!targets.empty()) server_ = targets.front();
    const auto time = opening.parameters.idle_deadline;
    limit(time > 0ms ? time : std::chrono::milliseconds(usual_time));
  }

 private:
  [[nodiscard]] int open(base::Fd peer) override;
  void step() override;
  void time_is_up() override { conclude(Result::too_late); }
  void connected();
  void read();
  void judge(std::string_view line);
  void conclude(Result result, std::string_view text = {});

  base::Endpoint server_;
  std::string question_;
  std::string_view unsent_;  // of question_
  std::uint16_t peer_port_, local_port_;
  bool connected_ = false;
  std::array<char, longest_ident_reply> reply_;
  std::size_t size_ = 0;
};

/// Connects before the socket is watched: one that is not connected looks broken.
int Ident::open(base::Fd peer) {
  if (!server_.address.known()) return report_.connect_error = EDESTADDRREQ;
  sockaddr_storage to;
  const bool ipv6 = server_.address.family() == base::Address::Family::ipv6;
  const socklen_t length = base::fill_sockaddr(server_, ipv6, to);
  const bool connecting =
      ::fcntl(peer.get(), F_SETFL, O_NONBLOCK) == 0 &&
      (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0 || errno == EINPROGRESS);
  report_.connect_error = connecting ? Talk::open(std::move(peer)) : errno;
  return report_.connect_error;
}

void Ident::step() {
  if (!connected_) return connected();
  // What a connection that breaks now has come to.
  report_.identity.result = Result::broken;
  if (send(unsent_)) read();
}

void Ident::connected() {
  if (!peer_.writable()) return;
  report_.connect_error = take_error(peer_.fd());
  if (report_.connect_error != 0) return finish();
  connected_ = true;
  step();
}

void Ident::read() {
  while (peer_.readable()) {
    std::size_t count = 0;
    const Moved moved = peer_.receive(std::span(reply_).subspan(size_), count);
    if (moved == Moved::later) return;
    if (moved == Moved::end) return conclude(Result::cut_short);
    if (moved == Moved::failed) return conclude(Result::broken);
    report_.in += count;
    const auto end = std::string_view(reply_.data() + size_, count).find('\n');
    if (end != std::string_view::npos) return judge({reply_.data(), size_ + end});
    size_ += count;
    if (size_ == reply_.size()) return conclude(Result::too_long);
  }
}

void Ident::judge(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto user = parse_ident_reply(line, peer_port_, local_port_);
  user ? conclude(Result::user, *user) : conclude(Result::bad_line, line);
}

void Ident::conclude(Result result, std::string_view text) {
  report_.identity = {result, std::string(text)};
  finish();
}

}  // namespace

std::unique_ptr<Talk> make_ident(Opening& opening) { return std::make_unique<Ident>(opening); }

}  // namespace xsuperd::converse
