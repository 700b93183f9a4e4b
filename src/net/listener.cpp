// SPDX-License-Identifier: MIT
#include "xsuperd/net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

#include "xsuperd/loop/watch.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::net {

struct Listener::Impl {
  Impl(boost::asio::io_context& loop, base::Fd socket, std::function<void()> on_ready)
      : fd(std::move(socket)), watch(loop, fd.get(), std::move(on_ready)) {}

  base::Fd fd;
  loop::Watch watch;
  bool tells_queue = true;  ///< the kernel says how many wait
};

Listener::Listener(boost::asio::io_context& loop, base::Fd fd, std::function<void()> ready)
    : impl_(std::make_shared<Impl>(loop, std::move(fd), std::move(ready))) {}

/// The socket is closed now, and not when the wait that was cancelled has been told so: its port may be wanted again.
Listener::~Listener() { (void)release(); }

void Listener::resume() { impl_->watch.wait(); }
void Listener::pause() { impl_->watch.stop(); }
int Listener::fd() const { return impl_->fd.get(); }

base::Fd Listener::duplicate() const { return base::Fd(::fcntl(impl_->fd.get(), F_DUPFD_CLOEXEC, 0)); }

base::Fd Listener::release() {
  impl_->watch.stop();
  return std::move(impl_->fd);
}

namespace {
/// The errors that accept(2) says to treat like EAGAIN by trying again: this peer is gone, others wait.
bool peer_gone(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
         error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP ||
         error == ENETUNREACH || error == EPERM;
}

void to_ipv4(int fd) {
  const int family = AF_INET;
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof family);
}

constexpr std::size_t not_told = static_cast<std::size_t>(-1);

/// How many wait at a socket of TCP; of others the kernel does not tell, nor does one that fills in no limit for them: some
/// that only look like Linux leave both at 0.
std::size_t queue_length(int socket) {
  tcp_info state{};
  socklen_t size = offsetof(tcp_info, tcpi_lost);  // what lies before is told, as cheaply as poll(2) tells of one
  const bool told = ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 && state.tcpi_state == TCP_LISTEN;
  return told && state.tcpi_sacked != 0 ? state.tcpi_unacked : not_told;
}

bool another_waits(int socket) {
  pollfd peer{socket, POLLIN, 0};
  return ::poll(&peer, 1, 0) != 0;
}

/// An accept(2) that finds nobody costs several times as much as a question: it makes a file first. Whoever comes meanwhile
/// is told of by the next wait. Where only one at a time can be asked for, so few batches are larger that it pays to do so
/// behind each of the first ones.
class Queue {
 public:
  /// `tells` is cleared when the kernel does not tell: then it is not asked again.
  Queue(int socket, bool& tells) : socket_(socket), tells_(tells) {}
  /// With so many accepted, is another to be?
  bool has_more(std::size_t accepted) {
    if (accepted == 1 && tells_) tells_ = (waiting_ = queue_length(socket_)) != not_told;
    if (waiting_ != not_told) return accepted <= waiting_;
    return accepted > asked_for_more || another_waits(socket_);
  }

 private:
  static constexpr std::size_t asked_for_more = 3;
  int socket_;
  bool& tells_;
  std::size_t waiting_ = not_told;  ///< behind the first
};
}  // namespace

Listener::Batch Listener::accept_batch(bool keep_family, int& error, base::DescriptorReserve* reserve) {
  Batch batch;
  Queue queue(impl_->fd.get(), impl_->tells_queue);
  error = 0;
  int gone = 0;
  while (batch.size() < batch_size) {
    if (reserve && !reserve->has_room(impl_->fd.get())) {
      error = EMFILE;
      break;
    }
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    base::Fd fd(::accept4(impl_->fd.get(), reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC));
    if (!fd) {
      if (peer_gone(errno) && ++gone < 64) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) error = errno;
      break;
    }
    if (reserve) reserve->session_has(fd.get());
    Connection connection{std::move(fd), base::endpoint_of(from)};
    if (!connection.peer.address.known()) connection.peer.address = peer_credentials(connection.fd.get());
    if (!keep_family && connection.peer.address.is_mapped()) to_ipv4(connection.fd.get());
    batch.push_back(std::move(connection));
    if (!queue.has_more(batch.size())) break;
  }
  return batch;
}

}  // namespace xsuperd::net
