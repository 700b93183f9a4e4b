// SPDX-License-Identifier: MIT
#include "xsuperd/service/endpoint.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "xsuperd/net/udp_reply.hpp"

namespace xsuperd::service {

namespace {

/// For messages, where the service has other sockets as well; else empty.
std::string where(const config::Service& service, const config::ListenSpec& spec) {
  return service.also.empty() ? std::string() : " at " + net::place_text(spec);
}

/// One address of several that this machine has not got, or not yet, is nothing that somebody has to mend.
void tell_trouble(log::DaemonLog& log, const config::Service& service, const config::ListenSpec& spec, const base::Error& error) {
  const bool not_here = error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT;
  if (!service.also.empty() && not_here)
    return log.warning("service {} is not open{}: {}. It will be retried from time to time.", service.id,
                       where(service, spec), error.sentence);
  log.error("{}. service = {}", error.sentence, service.id);
  log.error("Service {} failed to start{} and is deactivated{}. It will be retried from time to time.", service.id,
            where(service, spec), service.also.empty() ? "" : " there");
}

base::Result<net::Opened> listening(net::Opened bound, const config::ListenSpec& spec) {
  const auto good = net::listen_on(bound.fd.get(), spec);
  if (!good) return good.error();
  return bound;
}

/// Calls `then` on the endpoint, unless it or its Owner has gone by then.
template <typename Then>
auto while_alive(Endpoint& of, const Endpoint::Owner& its, Then then) {
  return [endpoint = of.weak_from_this(), owner = its.life(), then = std::move(then)](auto&&... arguments) {
    const auto alive = owner.lock();
    const auto self = endpoint.lock();
    if (alive && self) then(*self, std::forward<decltype(arguments)>(arguments)...);
  };
}

}  // namespace

Endpoint::Endpoint(Surroundings& around, Owner& owner, EndpointId id, config::ListenSpec spec)
    : ServiceSockets(
          around, id, std::move(spec),
          {.on_readable =
               [this] {
                 while_alive(*this, owner_, [](Endpoint& self) { self.refusing().turn_away(self.owner_.service().id, self.spec()); })();
               },
           .on_peer = [this](net::Connection connection) { owner_.on_turned_away(std::move(connection)); },
           .on_useless = [this](const std::string& why) { return close_useless(why); }},
          [this] { while_alive(*this, owner_, [](Endpoint& self) { (void)self.start(); })(); }),
      around_(around),
      owner_(owner),
      rpc_(std::make_shared<RpcRegistration>(around, [this](const std::string& why) {
        while_alive(*this, owner_, [&why](Endpoint& self) { self.registration_failed(why); })();
      })),
      quiet_(around.loop, [this] { while_alive(*this, owner_, [](Endpoint& self) { self.look_whether_quiet(); })(); }) {}

bool Endpoint::start(std::optional<net::Opened> bound) {
  tries().cancel();
  if (!owner_.wants_socket()) return true;
  bool good = false;
  try {
    if (bound) foreign().forget();
    good = opened_or_not(bound ? listening(std::move(*bound), spec()) : find_socket(owner_.service()));
  } catch (const std::bad_alloc&) {  // tried again, as after any other failure
    close();
    good = opened_or_not(base::system_error(ENOMEM, "opening the socket"));
  }
  return report(good);
}

bool Endpoint::report(bool good) {
  if (!good && tries().failures() <= 1) owner_.on_lost(*this);
  if (good)
    owner_.on_opened(*this);
  else
    owner_.on_closed(*this);
  if (!good) tries().again_later();
  return good;
}

bool Endpoint::opened_or_not(base::Result<net::Opened> opened) {
  const config::Service& service = owner_.service();
  if (!opened) {
    if (tries().failed(opened.error().sentence)) tell_trouble(around_.log, service, spec(), opened.error());
    return false;
  }
  if (opened->ipv4_fallback)
    around_.log.notice("IPv6 socket creation failed for service {}, trying IPv4", service.id);
  if (opened->without_mptcp) around_.log.notice("service {}: this system has no multipath TCP, using TCP", service.id);
  watch_own(std::move(opened->fd));
  path().take(std::move(opened->path));
  if (!complete_or_close()) return false;
  const bool rpc = service.is(config::Type::rpc);
  if (tries().failures() > 0 && !rpc) around_.log.notice("service {} is now open{}", service.id, where(service, spec()));
  if (rpc)
    rpc_->begin(service, net::local_endpoint(fd()).port);  // which may still fail
  else
    tries().succeeded();
  tries().opened();
  owner_.on_socket(*this);
  return true;
}

void Endpoint::watch_own(base::Fd socket) {
  const config::Service& service = owner_.service();
  if (service.served_by_us() && service.datagrams()) net::enable_destination_info(socket.get());
  watch(std::move(socket), while_alive(*this, owner_, [](Endpoint& self) { self.owner_.on_readable(self); }));
}

bool Endpoint::take_from(Endpoint& leaving) {
  if (!leaving.open() || !owner_.wants_socket()) return false;
  leaving.rpc_->end();
  const config::Service& service = owner_.service();
  const bool with_server = leaving.owner_.service().hands_over() && leaving.owner_.has_session(leaving);
  watch_own(take_socket_of(leaving, with_server));
  leaving.owner_.on_socket(leaving);
  // It has the options of the service that goes, and the backlog.
  net::reset_options(fd(), leaving.spec(), spec());
  net::apply_options(fd(), spec());
  (void)net::listen_on(fd(), spec());
  if (!give_away_or_close()) return true;
  if (foreign().foreign() && (with_server || !service.hands_over())) (void)renew({});
  if (foreign().foreign()) came_back();
  steer_again();
  if (!open()) return true;  // it is tried again from time to time
  if (service.is(config::Type::rpc)) rpc_->begin(service, net::local_endpoint(fd()).port);
  owner_.on_opened(*this);
  owner_.on_socket(*this);
  return true;
}

void Endpoint::reconfigure(const config::ListenSpec& changed, bool versions) {
  const bool new_backlog = changed.backlog != spec().backlog;
  if (open()) net::reset_options(fd(), spec(), changed);
  const bool new_file = changed.options.mode != spec().options.mode || changed.options.owner != spec().options.owner ||
                        changed.options.group != spec().options.group;
  configure(changed);
  if (!open()) return;
  if (new_file && !give_away_or_close()) return;
  if (versions) rpc_->begin(owner_.service(), net::local_endpoint(fd()).port);
  net::apply_options(fd(), spec());
  if (new_backlog) (void)net::listen_on(fd(), spec());
  foreign().require_anew(fd(), spec(), is_lent());
}

/// Whom its file would let in otherwise is not to be served.
bool Endpoint::give_away_or_close() {
  const auto given = path().give_away(spec().options);
  if (given) return true;
  close();
  (void)report(opened_or_not(given.error()));
  return false;
}

void Endpoint::close() {
  tries().cancel();
  quiet_.cancel();
  rpc_->end();
  owner_.before_closing(*this);
  const config::Service& service = owner_.service();
  const bool served = service.hands_over() && owner_.has_session(*this);
  if (close_all(service, served)) owner_.on_socket(*this);
}

/// The last server has ended, and the service was not opened again meanwhile.
void Endpoint::on_no_session() {
  if (close_left(owner_.service())) owner_.on_socket(*this);
}

void Endpoint::leave_to_server() const {
  const config::Service& service = owner_.service();
  if (!service.datagrams() || !service.hands_over() || !owner_.has_session(*this)) return;
  if (servers_fd() >= 0) net::leave_open_to_others(servers_fd());
}

void Endpoint::registration_failed(const std::string& why) {
  if (!open()) return;
  const config::Service& service = owner_.service();
  if (tries().failed("it cannot be registered with rpcbind: " + why))
    around_.log.error("pmap_set failed. service={} program={}: {}. It will be retried from time to time.", service.id,
                      *service.settings.rpc_number, why);
  close();
  (void)report(false);
}

/// Without the second socket the access lists do not hold, and the service is closed; but what a server has now stays with
/// it.
bool Endpoint::close_useless(const std::string& why) {
  if (owner_.has_session(*this)) return false;
  around_.log.error("service {} is reopened, as its socket for peers to be refused is unusable: {}", owner_.service().id,
                    why);
  close();
  (void)report(false);
  return true;
}

/// The socket is open already. The second one, or what leads connections to a range, may have been lost on the way from
/// another Runner or image.
void Endpoint::steer_again() {
  const config::Service& service = owner_.service();
  if (!open() && (!service.steered() || (!refusing().open() && servers_fd() < 0))) return;
  if (open() && (!service.steered() || !refusing().open())) {
    if (!complete_or_close()) (void)report(false);
    return;
  }
  const bool served = owner_.has_session(*this);
  const auto steered = steer(service, served);
  if (steered) return;
  if (steered.error().code == EPERM && open() && !served) {
    // Locked for those who waited, by the lists that were in force then.
    if (renew({}) && owner_.listens(*this)) owner_.listen(*this);
    return;
  }
  around_.log.error("service {}: its access lists cannot be enforced: {}", service.id, steered.error().sentence);
}

/// Without its access lists, or without what leads connections to its socket, a service is not opened at all.
bool Endpoint::complete_or_close() {
  const config::Service& service = owner_.service();
  const auto complete = steer(service, owner_.has_session(*this));
  if (complete) return true;
  close();
  if (!tries().failed(complete.error().sentence)) return false;
  if (!service.steered()) return tell_trouble(around_.log, service, spec(), complete.error()), false;
  around_.log.error("Service {} failed to start and is deactivated: {}", service.id, complete.error().sentence);
  return false;
}

InheritedEndpoint Endpoint::hand_over() const {
  InheritedEndpoint all;
  save(all);
  all.registered = rpc_->registered();
  return all;
}

void Endpoint::restore(const InheritedEndpoint& inherited, const std::function<base::Fd(int)>& take, bool served) {
  const config::Service& service = owner_.service();
  if (base::Fd socket = restore_sockets(inherited, take)) watch_own(std::move(socket));
  foreign().set(inherited.foreign && service.hands_over() && served);
  if (!open()) return;
  if (service.datagrams()) net::keep_from_others(fd());  // older images did not
  if (inherited.registered && service.is(config::Type::rpc)) rpc_->resume(service, net::local_endpoint(fd()).port);
}

void Endpoint::carry_on(bool listening, bool opens) {
  if (listening && !open()) {
    refusing().close();
    (void)start();  // its socket was none: the next best is another
  } else if (listening) {
    if (foreign().foreign()) came_back();
    owner_.listen(*this);
  }
  refusing().resume();
  steer_again();
  if (!owner_.has_session(*this)) on_no_session();  // its server could not be watched any more
  if (!open() && opens) tries().again_later();
}

}  // namespace xsuperd::service
