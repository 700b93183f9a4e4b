// SPDX-License-Identifier: MIT
#include "worker/running.hpp"

#include <sys/socket.h>

#include <utility>

#include "worker/link.hpp"

namespace xsuperd::worker {

namespace {

/// Tells sockets apart, so that a worker cannot hand back another one than it was given.
std::uint64_t cookie_of(const base::Fd& socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

/// May its worker end it so?
bool gives_back(const Start& start) {
  const auto& offer = start.parameters.offer;
  return start.kind == Kind::tcpmux || (start.kind == Kind::tls && offer && offer->in_kernel);
}

// What is called may do anything, and comes last.

bool take(Running& one, const Line& line) {
  if (!one.tells) return false;
  if (!one.telling->lines.take(std::chrono::steady_clock::now())) return true;
  if (const Conversations::OnLine on_line = one.telling->on_line) (void)on_line(line.text);
  return true;
}

bool take(Running& one, const Shaken& what) {
  if (!std::exchange(one.shakes, false)) return false;
  if (const Conversations::OnShaken on_shaken = std::move(one.telling->on_shaken)) on_shaken(what.handshake);
  return true;
}

/// Once, and right before the end.
bool take(Running& one, const HeaderSeen& seen) {
  if (!one.looks || one.telling->header.result != ProxyHeader::Result::none) return false;
  one.telling->header = seen.header;
  return true;
}

/// What one from before an upgrade had wished for there, it may wish for again.
bool take(Running& one, const Wish& what) {
  if (!one.shows) return false;
  if (std::exchange(one.wishes, true)) return one.link->inherited();
  if (const Conversations::OnWish on_wish = one.telling->on_wish) on_wish(what.wish);
  return true;
}

}  // namespace

Running running_for(Link& link, Start& start, Conversations::Done done) {
  Running one{.done = std::move(done),
              .link = &link,
              .connection = gives_back(start) ? cookie_of(start.connection) : 0,
              .asks = start.kind == Kind::ident,
              .tells = start.kind == Kind::lines,
              .looks = start.kind == Kind::proxy,
              .shakes = start.kind == Kind::tls || start.kind == Kind::tls_relay,
              .shows = start.kind == Kind::metrics || start.kind == Kind::dashboard};
  if (one.tells_something())
    one.telling = std::make_unique<Telling>(Telling{.on_line = std::move(start.parameters.on_line),
                                                    .on_shaken = std::move(start.parameters.on_shaken),
                                                    .on_wish = std::move(start.parameters.on_wish)});
  return one;
}

Running running_again(Link& link, const InheritedWorker::Conversation& was) {
  Running one{.done = {}, .link = &link, .connection = was.connection, .asks = was.asks, .tells = was.tells, .looks = was.looks,
              .shakes = was.shakes, .shows = was.shows};
  if (one.tells_something()) one.telling = std::make_unique<Telling>();
  return one;
}

InheritedWorker::Conversation inherited(std::uint64_t token, const Running& one) {
  return {.token = token, .connection = one.connection, .asks = one.asks, .tells = one.tells, .shakes = one.shakes, .looks = one.looks,
          .shows = one.shows};
}

bool may_end_so(const Running& one, const Ending& ending) {
  const base::Fd& back = ending.report.connection;
  if (back && (one.connection == 0 || cookie_of(back) != one.connection)) return false;
  return one.asks || ending.report.identity.result == Identity::Result::none;
}

bool hear(Running& one, const Told& what) {
  return std::visit([&one](const auto& told) { return take(one, told); }, what);
}

}  // namespace xsuperd::worker
