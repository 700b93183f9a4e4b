// SPDX-License-Identifier: MIT
#include "net/rpcbind_client.hpp"

#ifdef XSUPERD_HAVE_TIRPC
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "net/tirpc.hpp"
#include "xsuperd/base/fd.hpp"
#endif

namespace xsuperd::net {

#ifdef XSUPERD_HAVE_TIRPC

namespace {

using Clock = std::chrono::steady_clock;
using Procedure = RpcbindClient::Procedure;

/// At least a little: to the kernel no time means forever.
timeval left_until(Clock::time_point deadline) {
  using namespace std::chrono;
  const auto left = std::max(duration_cast<microseconds>(deadline - Clock::now()), microseconds(1000));
  return {left.count() / 1'000'000, left.count() % 1'000'000};
}

/// libtirpc writes without MSG_NOSIGNAL, to an rpcbind that may just have ended. The signal is kept from the
/// thread for as long as this lives, and taken back if it came meanwhile.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec at_once{};
    if (!was_pending_) (void)sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

/// A connected socket, or errno. The send time-out is the kernel's deadline for connect(2) as well, on local
/// sockets with a full backlog too.
base::Fd connected(const sockaddr_storage& to, socklen_t length, Clock::time_point deadline) {
  base::Fd fd(::socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  if (to.ss_family == AF_INET) (void)::bindresvport(fd.get(), nullptr);  // rpcbind says no if it matters
  const timeval left = left_until(deadline);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0) return fd;
  if (errno == EAGAIN || errno == EINPROGRESS) errno = ETIMEDOUT;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

base::Fd connected(const std::string& path, Clock::time_point deadline) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.size() >= sizeof at.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(at.sun_path, path.data(), path.size());
  sockaddr_storage storage{};
  std::memcpy(&storage, &at, sizeof at);
  return connected(storage, sizeof at, deadline);
}

base::Fd connected(const base::Endpoint& to, Clock::time_point deadline) {
  sockaddr_storage storage;
  const socklen_t length =
      base::fill_sockaddr(to, to.address.family() == base::Address::Family::ipv6, storage);
  return connected(storage, length, deadline);
}

struct Destroy {
  void operator()(CLIENT* client) const { clnt_destroy(client); }
};

/// XDR procedures are called through a type that fits all of them and is that of none.
template <typename F>
xdrproc_t xdr(F* procedure) {
  return reinterpret_cast<xdrproc_t>(reinterpret_cast<void (*)()>(procedure));
}

base::Error silent(const Tirpc& tirpc, const RpcbindPlace& place, clnt_stat why) {
  if (why != RPC_TIMEDOUT) return {0, fmt::format("talking to rpcbind failed ({})", tirpc.text(why))};
  return {ETIMEDOUT, fmt::format("rpcbind has not answered for {} ms", place.patience.count())};
}

}  // namespace

struct RpcbindClient::Talk {
  const Tirpc& tirpc;
  RpcbindPlace place;
  Clock::time_point deadline;
  base::Fd fd;  // outlives the client, which does not close it
  std::unique_ptr<CLIENT, Destroy> client{};
};

bool rpc_available() { return true; }

base::Result<RpcbindClient> RpcbindClient::connect(const RpcbindPlace& place) {
  const auto tirpc = base::loaded_functions<Tirpc>();
  if (!tirpc) return base::Error{0, "xsuperd cannot talk to rpcbind: " + tirpc.error().sentence};
  auto talk = std::unique_ptr<Talk>(new Talk{**tirpc, place, Clock::now() + place.patience, {}});
  talk->fd = connected(place.socket_path, talk->deadline);
  const int local_error = errno;
  if (!talk->fd) talk->fd = connected(place.tcp, talk->deadline);
  if (!talk->fd) {
    const int error = errno;
    return base::Error{
        error, fmt::format("rpcbind is not running: connecting to {} failed ({}), and to {} port {} ({})",
                           place.socket_path, base::errno_text(local_error), place.tcp.address.text(),
                           place.tcp.port, base::errno_text(error))};
  }
  netbuf nowhere{};  // the socket is connected
  talk->client.reset((*tirpc)->create(talk->fd.get(), &nowhere, RPCBPROG, RPCBVERS, 0, 0));
  if (!talk->client) return silent(**tirpc, place, (*tirpc)->create_error()->cf_stat);
  return RpcbindClient(std::move(talk));
}

base::Result<RpcbindClient::Answer> RpcbindClient::call(Procedure procedure, const RpcMapping& mapping) {
  std::string netid = mapping.netid, address = mapping.address, owner;
  rpcb argument{mapping.program, mapping.version, netid.data(), address.data(), owner.data()};
  bool_t done = FALSE;
  if (Clock::now() >= talk_->deadline) return silent(talk_->tirpc, talk_->place, RPC_TIMEDOUT);
  const timeval left = left_until(talk_->deadline);
  const Tirpc& tirpc = talk_->tirpc;
  const NoBrokenPipe guard;
  const clnt_stat status = clnt_call(talk_->client.get(), static_cast<rpcproc_t>(procedure), xdr(tirpc.mapping),
                                     &argument, xdr(tirpc.boolean), &done, left);
  if (status != RPC_SUCCESS) return silent(talk_->tirpc, talk_->place, status);
  return done ? Answer::done : Answer::refused;
}

#else

struct RpcbindClient::Talk {};

bool rpc_available() { return false; }

base::Result<RpcbindClient> RpcbindClient::connect(const RpcbindPlace&) {
  return base::Error{0, "xsuperd was built without libtirpc and cannot talk to rpcbind"};
}

base::Result<RpcbindClient::Answer> RpcbindClient::call(Procedure, const RpcMapping&) {
  return Answer::refused;
}

#endif

RpcbindClient::RpcbindClient(std::unique_ptr<Talk> talk) : talk_(std::move(talk)) {}
RpcbindClient::RpcbindClient(RpcbindClient&&) noexcept = default;
RpcbindClient::~RpcbindClient() = default;

}  // namespace xsuperd::net
