// SPDX-License-Identifier: MIT
// The conversations that read what a peer sends, over real sockets: the request of tcpmux, the commands of xadmin, echo,
// discard, and the reply of an identity server. The first byte says which, then come pieces with their lengths before
// them, each of which arrives by itself.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <optional>
#include <vector>

#include "converse/ident_reply.hpp"
#include "fuzz/target.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/converse/conversation.hpp"

using namespace xsuperd;
using converse::Kind;
using fuzz::must;
using Result = converse::Identity::Result;

namespace {

constexpr std::string_view run = "ftp 1\n", avail = "ftp\nssh\n";

/// What the peer has sent, what it got, and how it ended.
struct Talk {
  explicit Talk(Kind kind, const std::vector<std::string_view>& pieces) {
    kind == Kind::ident ? begin_ident() : begin(kind);
    settle();
    for (const std::string_view piece : pieces) {
      if (::send(peer.get(), piece.data(), piece.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(piece.size())) sent += piece;
      settle();
      hear();
    }
    ended_before = report.has_value();
    ::shutdown(peer.get(), SHUT_WR);
    for (int i = 0; i < 50 && !report; ++i) settle(), hear();
    hear();
    must(report.has_value());
    must(calls == 1);
    must(report->out == heard.size() || kind == Kind::ident);
  }

  void begin(Kind kind) {
    int ends[2];
    must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    peer.reset(ends[0]);
    converse::Parameters parameters;
    parameters.texts = {std::string(run), std::string(avail)};
    start(kind, base::Fd(ends[1]), std::move(parameters));
  }
  /// Here the conversation is the client. Its socket is reset when it closes, so that no port is kept for a while.
  void begin_ident() {
    static const base::Fd listener = listening();
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    must(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    base::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const linger now{1, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    converse::Parameters parameters;
    parameters.targets = {base::endpoint_of(at)};
    parameters.peer_port = 6193;
    parameters.local_port = 23;
    start(Kind::ident, std::move(client), std::move(parameters));
    peer.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    must(static_cast<bool>(peer));
  }
  static base::Fd listening() {
    base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage at{};
    const socklen_t size = base::fill_sockaddr({base::Address::ipv4(0x7f000001), 0}, false, at);
    must(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0 && ::listen(fd.get(), 8) == 0);
    return fd;
  }
  void start(Kind kind, base::Fd ours, converse::Parameters parameters) {
    conversation = converse::start(loop(), kind, std::move(ours), std::move(parameters), [this](converse::Report r) {
      ++calls;
      report = std::move(r);
    });
  }
  static boost::asio::io_context& loop() {
    static boost::asio::io_context one;
    return one;
  }
  static void settle() {
    for (int i = 0; i < 3; ++i) loop().restart(), loop().poll();
  }
  void hear() {
    char bytes[4096];
    for (ssize_t n = 0; (n = ::recv(peer.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
      heard.append(bytes, static_cast<std::size_t>(n));
  }

  base::Fd peer;
  std::string sent, heard;
  bool ended_before = false;
  std::optional<converse::Report> report;
  int calls = 0;
  std::unique_ptr<converse::Conversation> conversation;
};

/// The line without its end, when it is there and no longer than RFC 1078 and we allow.
void check_tcpmux(Talk& talk) {
  const auto end = talk.sent.find('\n');
  std::string line = talk.sent.substr(0, end);
  if (line.ends_with('\r')) line.pop_back();
  const converse::Report& report = *talk.report;
  const bool asked = end != std::string::npos && line.size() <= 255;
  must(static_cast<bool>(report.connection) == asked);
  if (!asked) {
    must(report.request.empty());
    must(talk.heard == (line.size() > 255 ? "-Service name not found\r\n" : ""));
    return;
  }
  must(report.request == base::to_lower(line) && talk.heard.empty());
  // What stands behind the line is for the server.
  std::string rest(talk.sent.size() + 1, '\0');
  const ssize_t n = ::recv(report.connection.get(), rest.data(), rest.size(), MSG_DONTWAIT);
  must(n >= 0 && rest.substr(0, static_cast<std::size_t>(n)) == talk.sent.substr(end + 1));
}

void check_xadmin(const Talk& talk) {
  const auto lines = static_cast<std::size_t>(std::count(talk.sent.begin(), talk.sent.end(), '\n'));
  must(talk.heard.size() <= 2 + (lines + 1) * 200);
  must(talk.heard.starts_with("> ") || talk.heard.empty());
  must(fuzz::harmless(talk.heard));
}

void check_ident(const Talk& talk) {
  const converse::Identity& identity = talk.report->identity;
  const auto end = talk.sent.find('\n');
  std::string_view line = std::string_view(talk.sent).substr(0, end);
  if (end == std::string::npos || end >= converse::longest_ident_reply) {
    const bool too_long = talk.sent.size() >= converse::longest_ident_reply;
    must(identity.result == (too_long ? Result::too_long : Result::cut_short) || identity.result == Result::broken);
    must(identity.text.empty());
    return;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto user = converse::parse_ident_reply(line, 6193, 23);
  must(identity.result == (user ? Result::user : Result::bad_line));
  must(identity.text == user.value_or(std::string(line)));
}

}  // namespace

FUZZ_TARGET(talks) {
  constexpr Kind kinds[]{Kind::tcpmux, Kind::xadmin, Kind::echo, Kind::discard, Kind::ident};
  fuzz::Source source(input.substr(0, 4096));
  const Kind kind = kinds[source.below(std::size(kinds))];
  std::vector<std::string_view> pieces;
  while (!source.empty() && pieces.size() < 16) {
    const std::uint8_t size = source.byte();
    const auto piece = source.text(size == 255 ? 4096 : size);
    if (!piece.empty()) pieces.push_back(piece);
  }
  Talk talk(kind, pieces);
  switch (kind) {
    case Kind::tcpmux: return check_tcpmux(talk);
    case Kind::xadmin: return check_xadmin(talk);
    case Kind::ident: return check_ident(talk);
    case Kind::echo: return must(talk.heard == talk.sent && talk.report->in == talk.sent.size());
    default: must(talk.heard.empty() && talk.report->in == talk.sent.size());
  }
}
