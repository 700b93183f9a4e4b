// SPDX-License-Identifier: MIT
#include "xsuperd/net/ident.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <unordered_map>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::net {

namespace {

using Outcome = IdentAnswer::Outcome;

constexpr std::size_t longest_reply = 1024;  // its line end included (fact B7.29)

IdentAnswer failure(Outcome outcome, std::string detail = {}) { return {outcome, {}, std::move(detail)}; }

IdentAnswer connect_failure(int error, const std::string& server) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
      return failure(Outcome::no_server);
    case ETIMEDOUT:
      return failure(Outcome::timeout);
    default:
      return failure(Outcome::system_error, fmt::format("connect to identity server at {} failed ({})",
                                                        server, base::errno_text(error)));
  }
}

/// Both ends, each in the form that is used on the wire.
struct Ends {
  base::Endpoint local;
  base::Endpoint peer;
  std::string server;  // the peer's address as it was given, for messages (fact B7.20)
};

/// A non-blocking socket on the local address. Empty with errno.
base::Fd make_socket(const Ends& ends) {
  const bool ipv6 = ends.peer.address.family() == base::Address::Family::ipv6;
  base::Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd || ends.local.address.family() != ends.peer.address.family()) return fd;
  const int late = 1;  // connect(2) finds the port: then only the whole four-tuple must be free
  ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
  sockaddr_storage from;
  const socklen_t length = base::fill_sockaddr({ends.local.address, 0}, ipv6, from);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), length) == 0) return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

/// One look-up: connect, ask, read a line. Its owner is the client; a handler that comes too late finds it
/// over.
class Query : public std::enable_shared_from_this<Query> {
 public:
  Query(boost::asio::io_context& loop, Ends ends, IdentClient::Done done)
      : ends_(std::move(ends)), watch_(loop), deadline_(loop), done_(std::move(done)) {}
  ~Query() { stop(); }

  /// An errno value when not even a beginning is possible.
  int start(std::uint16_t port, std::chrono::milliseconds deadline);
  /// Nothing is called afterwards.
  void stop();

 private:
  using Step = void (Query::*)();

  void when(boost::asio::posix::stream_descriptor::wait_type ready, Step step);
  void connected();
  void read();
  void received(std::size_t count);
  void judge(std::string_view line);
  void finish(IdentAnswer answer);

  Ends ends_;
  base::Fd fd_;
  boost::asio::posix::stream_descriptor watch_;
  boost::asio::steady_timer deadline_;
  IdentClient::Done done_;
  std::array<char, longest_reply> reply_;
  std::size_t size_ = 0;
  bool over_ = false;
};

int Query::start(std::uint16_t port, std::chrono::milliseconds deadline) {
  fd_ = make_socket(ends_);
  if (!fd_) return errno;
  sockaddr_storage to;
  const bool ipv6 = ends_.peer.address.family() == base::Address::Family::ipv6;
  const socklen_t length = base::fill_sockaddr({ends_.peer.address, port}, ipv6, to);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), length) != 0 && errno != EINPROGRESS)
    return errno;
  boost::system::error_code refused;
  watch_.assign(fd_.get(), refused);
  if (refused) return refused.value();
  deadline_.expires_after(deadline);
  deadline_.async_wait([weak = weak_from_this()](boost::system::error_code) {
    const auto self = weak.lock();
    if (self && !self->over_) self->finish(failure(Outcome::timeout));
  });
  when(watch_.wait_write, &Query::connected);
  return 0;
}

void Query::stop() {
  over_ = true;
  deadline_.cancel();
  if (watch_.is_open()) (void)watch_.release();
  fd_.reset();
}

void Query::when(boost::asio::posix::stream_descriptor::wait_type ready, Step step) {
  watch_.async_wait(ready, [weak = weak_from_this(), step](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !self->over_ && !error) ((*self).*step)();
  });
}

void Query::connected() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return finish(connect_failure(error, ends_.server));
  const std::string question = fmt::format("{},{}\r\n", ends_.peer.port, ends_.local.port);
  // A fresh connection takes these few bytes at once, or something is wrong with it.
  if (send_now(fd_.get(), question) != static_cast<std::ptrdiff_t>(question.size()))
    return finish(failure(Outcome::receive_error));
  when(watch_.wait_read, &Query::read);
}

void Query::read() {
  const ssize_t n = ::recv(fd_.get(), reply_.data() + size_, reply_.size() - size_, MSG_DONTWAIT);
  if (n > 0) return received(static_cast<std::size_t>(n));
  if (n == 0) return finish(failure(Outcome::receive_error, "identd server reply missing ending CR-LF"));
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    return finish(failure(Outcome::receive_error));
  when(watch_.wait_read, &Query::read);
}

void Query::received(std::size_t count) {
  const auto end = std::string_view(reply_.data() + size_, count).find('\n');
  if (end != std::string_view::npos) return judge({reply_.data(), size_ + end});
  size_ += count;
  if (size_ == reply_.size())
    return finish(failure(Outcome::receive_error, "Too much input from identity server"));
  when(watch_.wait_read, &Query::read);
}

void Query::judge(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (auto text = parse_ident_reply(line, ends_.peer.port, ends_.local.port))
    return finish({Outcome::ok, std::move(*text), {}});
  finish(failure(Outcome::bad_response, fmt::format("Bad line received from identity server at {}: {}",
                                                    ends_.server, base::escaped(line))));
}

void Query::finish(IdentAnswer answer) {
  stop();
  // The callback may end whatever owns this query.
  const auto done = std::move(done_);
  done(std::move(answer));
}

}  // namespace

struct IdentClient::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options with) : loop(on), options(with) {}

  void ask(Ends ends, std::chrono::milliseconds deadline, Done done);
  void later(Done done, IdentAnswer answer);

  boost::asio::io_context& loop;
  Options options;
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Query>> queries;
};

void IdentClient::Impl::later(Done done, IdentAnswer answer) {
  boost::asio::post(loop, [weak = weak_from_this(), done = std::move(done), answer = std::move(answer)] {
    if (!weak.expired()) done(answer);
  });
}

void IdentClient::Impl::ask(Ends ends, std::chrono::milliseconds deadline, Done done) {
  if (queries.size() >= options.most)
    return later(std::move(done),
                 failure(Outcome::system_error, "too many look-ups at identity servers at a time"));
  if (!ends.peer.address.known())
    return later(std::move(done),
                 failure(Outcome::system_error, "no address to look for an identity server at"));
  const std::uint64_t id = ++last_id;
  const std::string server = ends.server;
  // The place is free before the callback runs, so that it can ask again.
  auto finished = [this, id, done](IdentAnswer answer) {
    const auto self = shared_from_this();
    const auto query = queries.extract(id);
    done(std::move(answer));
  };
  auto query = std::make_shared<Query>(loop, std::move(ends), std::move(finished));
  if (const int error = query->start(options.port, deadline); error != 0)
    return later(std::move(done), connect_failure(error, server));
  queries.emplace(id, std::move(query));
}

IdentClient::IdentClient(boost::asio::io_context& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, options)) {}

IdentClient::~IdentClient() {
  for (auto& [id, query] : impl_->queries) query->stop();
}

void IdentClient::ask(const base::Endpoint& local, const base::Endpoint& peer,
                      std::chrono::milliseconds deadline, Done done) {
  impl_->ask(
      {{local.address.unmapped(), local.port}, {peer.address.unmapped(), peer.port}, peer.address.text()},
      deadline, std::move(done));
}

std::size_t IdentClient::running() const { return impl_->queries.size(); }

}  // namespace xsuperd::net
