// SPDX-License-Identifier: MIT
#include "xsuperd/worker/ident.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::worker {

namespace {

using net::IdentAnswer;
using Outcome = IdentAnswer::Outcome;

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

/// What a conversation that went to its end has found out.
IdentAnswer answer_of(Report report, const std::string& server) {
  using Result = Identity::Result;
  if (report.connect_error != 0) return connect_failure(report.connect_error, server);
  switch (report.identity.result) {
    case Result::user:
      return {Outcome::ok, std::move(report.identity.text), {}};
    case Result::bad_line:
      return failure(Outcome::bad_response, fmt::format("Bad line received from identity server at {}: {}",
                                                        server, base::escaped(report.identity.text)));
    case Result::too_long:
      return failure(Outcome::receive_error, "Too much input from identity server");
    case Result::cut_short:
      return failure(Outcome::receive_error, "identd server reply missing ending CR-LF");
    case Result::broken:
      return failure(Outcome::receive_error);
    case Result::too_late:
      return failure(Outcome::timeout);
    case Result::none:
      break;
  }
  return failure(Outcome::system_error, fmt::format("the look-up at {} failed", server));
}

IdentAnswer answer_of(Ending ending, const std::string& server) {
  if (ending.why == Ending::Why::finished) return answer_of(std::move(ending.report), server);
  return failure(Outcome::system_error,
                 fmt::format("the look-up at identity server {} was lost: no worker is running", server));
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

}  // namespace

struct IdentLookups::Impl : std::enable_shared_from_this<Impl> {
  struct Query {
    Query(boost::asio::io_context& loop, Done what) : done(std::move(what)), deadline(loop) {}
    Done done;
    boost::asio::steady_timer deadline;
  };
  using Queries = std::unordered_map<Lookup, Query>;

  Impl(boost::asio::io_context& on, Conversations& where, Options with)
      : loop(on), conversations(where), options(std::move(with)) {}

  void ask(Lookup id, Ends ends, std::chrono::milliseconds deadline, Done done);
  void refuse(Lookup id, Done done, IdentAnswer answer);
  void keep_deadline(Lookup id, Query& query, std::chrono::milliseconds deadline);
  void finish(Queries& list, Lookup id, IdentAnswer answer);

  boost::asio::io_context& loop;
  Conversations& conversations;
  Options options;
  Queries running;
  Queries refused;  // their answers are on their way
};

/// The place is free before the callback runs, so that it can ask again; and it may end whatever owns us.
void IdentLookups::Impl::finish(Queries& list, Lookup id, IdentAnswer answer) {
  auto query = list.extract(id);
  if (!query) return;
  query.mapped().deadline.cancel();
  const auto done = std::move(query.mapped().done);
  done(std::move(answer));
}

void IdentLookups::Impl::refuse(Lookup id, Done done, IdentAnswer answer) {
  refused.try_emplace(id, loop, std::move(done));
  boost::asio::post(loop, [weak = weak_from_this(), id, answer = std::move(answer)]() mutable {
    if (const auto self = weak.lock()) self->finish(self->refused, id, std::move(answer));
  });
}

/// The worker keeps it as well, for the time after us. Here it is kept against a worker that does not.
void IdentLookups::Impl::keep_deadline(Lookup id, Query& query, std::chrono::milliseconds deadline) {
  query.deadline.expires_after(deadline);
  query.deadline.async_wait([weak = weak_from_this(), id](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self || !self->running.contains(id)) return;
    self->conversations.stop(id);
    self->finish(self->running, id, failure(Outcome::timeout));
  });
}

void IdentLookups::Impl::ask(Lookup id, Ends ends, std::chrono::milliseconds deadline, Done done) {
  if (running.size() >= options.most)
    return refuse(id, std::move(done),
                  failure(Outcome::system_error, "too many look-ups at identity servers at a time"));
  if (!ends.peer.address.known())
    return refuse(id, std::move(done),
                  failure(Outcome::system_error, "no address at which to look for an identity server"));
  base::Fd socket = make_socket(ends);
  if (!socket) return refuse(id, std::move(done), connect_failure(errno, ends.server));
  keep_deadline(id, running.try_emplace(id, loop, std::move(done)).first->second, deadline);
  Parameters parameters;
  parameters.targets = {{ends.peer.address, options.port}};
  parameters.peer_port = ends.peer.port;
  parameters.local_port = ends.local.port;
  parameters.idle_deadline = deadline;
  conversations.start(id, Kind::ident, std::move(socket), std::move(parameters),
                      [weak = weak_from_this(), id, server = ends.server](Ending ending) {
                        if (const auto self = weak.lock())
                          self->finish(self->running, id, answer_of(std::move(ending), server));
                      });
}

IdentLookups::IdentLookups(boost::asio::io_context& loop, Conversations& conversations, Options options)
    : impl_(std::make_shared<Impl>(loop, conversations, std::move(options))) {}

IdentLookups::~IdentLookups() {
  for (const auto& [id, query] : impl_->running) impl_->conversations.stop(id);
  impl_->running.clear();
  impl_->refused.clear();
}

net::IdentClient::Lookup IdentLookups::ask(const base::Endpoint& local, const base::Endpoint& peer,
                                           std::chrono::milliseconds deadline, Done done) {
  const Lookup id = impl_->options.new_token();
  impl_->ask(
      id, {{local.address.unmapped(), local.port}, {peer.address.unmapped(), peer.port}, peer.address.text()},
      deadline, std::move(done));
  return id;
}

void IdentLookups::cancel(Lookup lookup) {
  if (impl_->running.erase(lookup) > 0) impl_->conversations.stop(lookup);
  impl_->refused.erase(lookup);
}

std::size_t IdentLookups::running() const { return impl_->running.size(); }

}  // namespace xsuperd::worker
