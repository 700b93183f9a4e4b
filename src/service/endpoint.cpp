// SPDX-License-Identifier: MIT
#include "xsuperd/service/endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "service/while_alive.hpp"
#include "xsuperd/net/handed_sockets.hpp"
#include "xsuperd/net/udp_reply.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

Endpoint::Endpoint(Surroundings& around, Owner& owner, EndpointId id, config::ListenSpec spec)
    : around_(around),
      owner_(owner),
      id_(id),
      spec_(std::move(spec)),
      reopening_(around.loop, [this] { while_alive([](Endpoint& self) { (void)self.start(); })(); }),
      quiet_(around.loop, [this] { while_alive([](Endpoint& self) { self.look_whether_quiet(); })(); }),
      refusing_(around.loop, [this] {
        if (turned_away_) turned_away_->resume();
      }) {}

Endpoint::~Endpoint() = default;

bool Endpoint::start() {
  reopening_.cancel();
  if (!owner_.wants_socket()) return true;
  return report(open_socket());
}

bool Endpoint::start(net::Opened bound) {
  if (!owner_.wants_socket()) return true;
  forget_server();
  const auto listening = net::listen_on(bound.fd.get(), spec_);
  return report(opened_or_not(listening ? base::Result<net::Opened>(std::move(bound)) : listening.error()));
}

bool Endpoint::report(bool good) {
  if (good)
    owner_.on_opened(*this);
  else
    owner_.on_closed(*this);
  if (!good) try_again_later();
  return good;
}

bool Endpoint::take_from(Endpoint& leaving) {
  if (!leaving.listener_ || !owner_.wants_socket()) return false;
  leaving.unregister_rpc();
  const bool with_server = leaving.service().hands_over() && leaving.owner_.has_session(leaving);
  forget_server();
  facts_.foreign = leaving.facts_.foreign || with_server;
  watch(leaving.listener_->release());
  leaving.listener_.reset();
  facts_.lent = std::exchange(leaving.facts_.lent, {});
  if (leaving.turned_away_) watch_turned_away(leaving.turned_away_->release());
  leaving.turned_away_.reset();
  leaving.owner_.on_socket(leaving);
  // It has the options of the service that goes, and the backlog.
  net::apply_options(listener_->fd(), spec_);
  (void)net::listen_on(listener_->fd(), spec_);
  if (facts_.foreign && (with_server || !service().hands_over())) (void)renew({});
  if (facts_.foreign) came_back();
  steer_again();
  if (!listener_) return true;  // it is tried again from time to time
  if (service().is(config::Type::rpc)) register_rpc();
  owner_.on_opened(*this);
  owner_.on_socket(*this);
  return true;
}

void Endpoint::reconfigure(const config::ListenSpec& spec, bool versions) {
  const bool new_backlog = spec.backlog != spec_.backlog;
  spec_ = spec;
  if (versions && listener_) register_rpc();
  if (!listener_) return;
  net::apply_options(listener_->fd(), spec_);
  if (new_backlog) (void)net::listen_on(listener_->fd(), spec_);
  require_anew();
}

void Endpoint::close() {
  reopening_.cancel();
  quiet_.cancel();
  close_sockets();
}

void Endpoint::resume() {
  if (listener_) listener_->resume();
}

void Endpoint::pause() {
  if (listener_) listener_->pause();
}

net::Listener::Batch Endpoint::accept_batch(bool keep_family, int& error) {
  return listener_->accept_batch(spec_.v6only || keep_family, error, &around_.census.reserve);
}

bool Endpoint::open_socket() {
  if (left_to_server_) return opened_or_not(net::Opened{std::move(left_to_server_)});
  forget_server();
  try {
    auto handed = around_.sockets.handed.take(service().id, spec_);
    return handed ? open_handed(std::move(*handed)) : opened_or_not(open_guarded(service(), spec_));
  } catch (const std::bad_alloc&) {  // tried again, as after any other failure
    close_sockets();
    return opened_or_not(base::system_error(ENOMEM, "opening the socket"));
  }
}

/// For messages, where the service has other sockets as well; else empty.
std::string Endpoint::where() const {
  if (service().also.empty()) return {};
  return " at " + net::place_text(spec_.at, spec_.ipv6);
}

/// One address of several that this machine has not got, or not yet, is nothing that somebody has to mend.
void Endpoint::tell_trouble(const base::Error& error) {
  const bool not_here = error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT;
  if (!service().also.empty() && not_here)
    return around_.log.warning("service {} is not open{}: {}. It is tried again from time to time.", service().id, where(),
                               error.sentence);
  around_.log.error("{}. service = {}", error.sentence, service().id);
  around_.log.error("Service {} failed to start{} and is deactivated{}. It is tried again from time to time.",
                    service().id, where(), service().also.empty() ? "" : " there");
}

bool Endpoint::opened_or_not(base::Result<net::Opened> opened) {
  if (!opened) {
    facts_.trouble = opened.error().sentence;
    if (facts_.open_failures++ == 0) tell_trouble(opened.error());  // when it begins; the tries that follow are quiet
    return false;
  }
  if (opened->ipv4_fallback)
    around_.log.notice("IPv6 socket creation failed for service {}, trying IPv4", service().id);
  watch(std::move(opened->fd));
  if (service().steered() && !steer_or_close()) return false;
  if (facts_.open_failures > 0 && !service().is(config::Type::rpc))
    around_.log.notice("service {} is now open{}", service().id, where());
  if (service().is(config::Type::rpc))
    register_rpc();  // which may still fail
  else
    facts_.open_failures = 0;
  facts_.trouble.clear();
  owner_.on_socket(*this);
  return true;
}

void Endpoint::watch(base::Fd socket) {
  if (service().served_by_us() && service().datagrams()) net::enable_destination_info(socket.get());
  listener_ = std::make_unique<net::Listener>(around_.loop, std::move(socket),
                                              while_alive([](Endpoint& self) { self.owner_.on_readable(self); }));
}

void Endpoint::try_again_later() {
  reopening_.set(around_.clock.timer_length(
      std::min<std::chrono::milliseconds>(60s, 1s * (1 << std::min(facts_.open_failures, 6u)))));
}

HandedEndpoint Endpoint::hand_over() const {
  HandedEndpoint all;
  static_cast<EndpointFacts&>(all) = facts_;
  all.id = id_;
  all.listener = fd();
  all.turned_away = refusing_fd();
  all.left_to_server = left_to_server_.get();
  all.trouble.resize(std::min<std::size_t>(all.trouble.size(), 4096));
  return all;
}

void Endpoint::restore(const HandedEndpoint& handed, const std::function<base::Fd(int)>& take, bool served) {
  if (base::Fd socket = take(handed.listener))
    listener_ = std::make_unique<net::Listener>(around_.loop, std::move(socket),
                                                while_alive([](Endpoint& self) { self.owner_.on_readable(self); }));
  if (base::Fd socket = take(handed.turned_away))
    turned_away_ = std::make_unique<net::Listener>(around_.loop, std::move(socket),
                                                   while_alive([](Endpoint& self) { self.turn_away(); }));
  left_to_server_ = take(handed.left_to_server);
  facts_.foreign = handed.foreign && service().hands_over() && served;
  if (service().datagrams() && listener_) net::keep_from_others(listener_->fd());  // older images did not
  if (listener_ || left_to_server_) facts_.lent = handed.lent;
  if (handed.registered && listener_) note_rpc();
  facts_.open_failures = handed.open_failures;
  facts_.trouble = handed.trouble;
}

void Endpoint::carry_on(bool listening, bool opens) {
  if (listening && !listener_) {
    turned_away_.reset();
    (void)start();  // its socket was none: the next best is another
  } else if (listening) {
    if (facts_.foreign) came_back();
    owner_.listen(*this);
  }
  if (turned_away_) turned_away_->resume();
  steer_again();
  if (!owner_.has_session(*this)) close_left_pair();  // its server could not be watched any more
  if (!listener_ && opens) try_again_later();
}

}  // namespace xsuperd::service
