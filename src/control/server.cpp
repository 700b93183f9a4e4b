// SPDX-License-Identifier: MIT
#include "xsuperd/control/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <vector>

#include "control/connection.hpp"
#include "xsuperd/loop/watch.hpp"

namespace xsuperd::control {

namespace {

/// How many connections one turn of the loop takes.
constexpr int batch = 8;

bool in_group(int fd, gid_t primary, gid_t group) {
  if (primary == group) return true;
  std::vector<gid_t> groups(64);
  socklen_t length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) {
    if (errno != ERANGE) return false;
    groups.resize(length / sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) return false;
  }
  groups.resize(length / sizeof(gid_t));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& io, SocketFile file, Options o, Handler h)
      : loop(io), socket(std::move(file)), options(o), handler(std::move(h)), watch(io, socket.fd(), [this] { accept_some(); }) {}

  void accept_some();
  void welcome(base::Fd fd);
  [[nodiscard]] bool is_full(const Peer& peer) const;
  bool make_room(const Peer& newcomer);
  [[nodiscard]] std::size_t lookers() const {
    return static_cast<std::size_t>(
        std::count_if(connections.begin(), connections.end(), [](const auto& c) { return !c->peer().may_change; }));
  }

  boost::asio::io_context& loop;
  SocketFile socket;
  Options options;
  Handler handler;
  loop::Watch watch;
  std::vector<std::shared_ptr<Connection>> connections;
};

void Server::Impl::accept_some() {
  const auto self = shared_from_this();  // a client's end may be that of the server
  for (int i = 0; i < batch; ++i) {
    base::Fd fd(::accept4(socket.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      try {
        welcome(std::move(fd));
      } catch (const boost::system::system_error&) {
        return watch.wait_later();  // the kernel watches no more descriptors: this client is closed
      }
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // Out of descriptors or memory: the connection stays in the queue, and looking again at once would be useless.
      return watch.wait_later();
    }
  }
  watch.wait();
}

void Server::Impl::welcome(base::Fd fd) {
  ucred who{};
  socklen_t length = sizeof who;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return;
  const bool may_change = who.uid == 0 || who.uid == options.owner;
  const bool may_look = may_change || (options.group && in_group(fd.get(), who.gid, *options.group));
  const auto connection = std::make_shared<Connection>(
      loop, std::move(fd), Peer{who.uid, who.pid, may_change}, options.limits, handler,
      [weak = weak_from_this()](Connection* gone) {
        if (const auto self = weak.lock())
          std::erase_if(self->connections, [gone](const auto& one) { return one.get() == gone; });
      });
  // These two get their sentence if it fits into the socket at once, which it does in one that is new.
  if (!may_look) return connection->dismiss(Code::not_allowed, "this user may not use the control socket");
  if (is_full(connection->peer()) && !make_room(connection->peer()))
    return connection->dismiss(Code::busy, "the control socket has too many clients");
  connections.push_back(connection);
  connection->start();
}

bool Server::Impl::is_full(const Peer& peer) const {
  return connections.size() >= options.limits.clients || (!peer.may_change && lookers() >= options.limits.lookers);
}

/// Of those who do nothing the one goes whose user has most of them, and whose process, and who has done so for longest:
/// so a flood displaces itself. Who may only look displaces nobody who may do more.
bool Server::Impl::make_room(const Peer& newcomer) {
  std::vector<std::shared_ptr<Connection>> stalled;
  for (const auto& one : std::vector(connections))  // some end while they are looked at
    if ((newcomer.may_change || !one->peer().may_change) && one->could_give_way()) stalled.push_back(one);
  const auto rank = [&stalled](const std::shared_ptr<Connection>& one) {
    const auto same = [&](auto member) {
      return std::count_if(stalled.begin(), stalled.end(),
                           [&](const auto& other) { return other->peer().*member == one->peer().*member; });
    };
    return std::tuple(-same(&Peer::uid), -same(&Peer::pid), one->stalled_since());
  };
  const auto first = std::min_element(stalled.begin(), stalled.end(),
                                      [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  if (first != stalled.end() && is_full(newcomer)) (*first)->give_way();
  return !is_full(newcomer);
}

Server::Server(boost::asio::io_context& loop, SocketFile socket, Options options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(socket), options, std::move(handler))) {
  impl_->watch.wait();
}

Server::~Server() {
  impl_->watch.stop();
  for (const auto& connection : std::vector(impl_->connections)) connection->close();
}

std::size_t Server::clients() const { return impl_->connections.size(); }
int Server::listening_fd() const { return impl_->socket.fd(); }

}  // namespace xsuperd::control
