// SPDX-License-Identifier: MIT
// Services whose access lists the kernel keeps: peers that the server must not meet arrive at a socket of the Runner's
// own, where they are turned away as by any other service.
#include <algorithm>
#include <cerrno>

#include "xsuperd/net/steering.hpp"
#include "service/while_alive.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

namespace {

using Patterns = std::optional<std::vector<config::AddressPattern>>;

void add(std::vector<net::SteeringRule>& rules, const Patterns& list, bool admit) {
  if (!list) return;
  for (const config::AddressPattern& p : *list) {
    if (p.kind != config::AddressPattern::Kind::network) continue;
    const bool mapped = p.base.is_mapped() && p.prefix >= 96;
    rules.push_back({mapped ? p.base.unmapped() : p.base, mapped ? p.prefix - 96 : p.prefix, admit});
  }
}

bool has_names(const Patterns& list) {
  return list && std::any_of(list->begin(), list->end(), [](const config::AddressPattern& p) {
           return p.kind != config::AddressPattern::Kind::network;
         });
}

}  // namespace

/// The lists as the kernel can keep them. It knows no names: names in only_from admit nobody here, and with names in
/// no_access nobody at all is admitted, because anybody might have one.
std::vector<net::SteeringRule> steering_rules(const config::Settings& s) {
  std::vector<net::SteeringRule> rules;
  add(rules, s.no_access, false);
  if (!has_names(s.no_access)) add(rules, s.only_from, true);
  if (s.access_policy == config::AccessPolicy::best_match)
    // Of equal lengths the refusing rule stands first, as it does in the lists.
    std::stable_sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) { return a.prefix > b.prefix; });
  return rules;
}

bool admits_by_default(const config::Settings& s) { return !s.only_from && !has_names(s.no_access); }

base::Result<net::Opened> open_guarded(const config::Service& service, const config::ListenSpec& at) {
  if (!service.steered()) return net::open_socket(at);
  return net::open_socket(at, [&service](int fd) {
    const auto& settings = service.settings;
    if (!net::guard(fd, steering_rules(settings), admits_by_default(settings))) net::shut_off(fd);
  });
}

/// The socket that is the server's, or will be.
int Endpoint::servers_fd() const { return listener_ ? listener_->fd() : left_to_server_.get(); }

/// Opens the second socket if there is none.
base::Result<void> Endpoint::steer() {
  const auto rules = steering_rules(service().settings);
  const bool otherwise = admits_by_default(service().settings);
  const int first = servers_fd();
  if (first < 0) return net::steer(turned_away_->fd(), rules, otherwise);
  // Of weight only where the second one is not, or is no more.
  const auto guarded = net::guard(first, rules, otherwise);
  const bool locked = !guarded && guarded.error().code == EPERM;
  if (locked && !owner_.has_session(*this)) return guarded.error();
  if (!guarded && !locked && guarded.error().code != E2BIG && facts_.open_failures == 0)
    around_.log.warning("service {}: its access lists would not outlive the daemon: {}", service().id,
                        guarded.error().sentence);
  // A server may have locked the first one, but not the second, which none ever had.
  if (turned_away_) return net::steer(turned_away_->fd(), rules, otherwise);
  if (!guarded) net::shut_off(first);  // until the two are steered
  auto second = net::open_beside(first, spec_);
  if (!second) return second.error();
  if (auto steered = net::steer(first, rules, otherwise); !steered) return steered;
  if (!guarded) net::unguard(first);
  net::unguard(second->fd.get());
  watch_turned_away(std::move(second->fd));
  return {};
}

/// The socket is open already. The second one may have been lost on the way from another Runner or image.
void Endpoint::steer_again() {
  if (!service().steered() || (!turned_away_ && servers_fd() < 0)) return;
  if (!turned_away_ && listener_) {
    if (!steer_or_close()) (void)report(false);
    return;
  }
  const auto steered = steer();
  if (steered) return;
  if (steered.error().code == EPERM && listener_ && !owner_.has_session(*this)) {
    // Locked for those who waited, by the lists that were in force then.
    if (renew({}) && owner_.listens(*this)) owner_.listen(*this);
    return;
  }
  around_.log.error("service {}: its access lists cannot be put into force: {}", service().id, steered.error().sentence);
}

/// Without its access lists a service is not opened at all.
bool Endpoint::steer_or_close() {
  const auto steered = steer();
  if (steered) return true;
  close_sockets();
  facts_.trouble = steered.error().sentence;
  if (facts_.open_failures++ == 0)
    around_.log.error("Service {} failed to start and is deactivated: {}", service().id, steered.error().sentence);
  return false;
}

/// A server of ours has the first socket, and will have it whatever we do. Without the second one all peers would reach
/// it; and two new ones beside it would stand elsewhere in the group than the lists say.
bool Endpoint::leaves_pair_to_server() const {
  return listener_ && turned_away_ && service().hands_over() && owner_.has_session(*this);
}

void Endpoint::leave_pair_to_server() {
  left_to_server_ = listener_->release();
  listener_.reset();
  owner_.on_socket(*this);
}

void Endpoint::on_no_session() { close_left_pair(); }

/// The last server has ended, and the service was not opened again meanwhile.
void Endpoint::close_left_pair() {
  if (!left_to_server_) return;
  watch(std::move(left_to_server_));
  close_sockets();
}

void Endpoint::watch_turned_away(base::Fd socket) {
  turned_away_ = std::make_unique<net::Listener>(around_.loop, std::move(socket),
                                                 while_alive([](Endpoint& self) { self.turn_away(); }));
  turned_away_->resume();
}

/// How many there were.
std::size_t Endpoint::turn_batch_away(int& error) {
  std::size_t count = 0;
  if (spec_.socket_type == config::SocketType::stream) {
    for (net::Connection& connection : turned_away_->accept_batch(spec_.v6only, error, &around_.census.reserve)) {
      owner_.on_turned_away(std::move(connection));
      ++count;
    }
    return count;
  }
  for (; count < 64; ++count) {
    const auto head = net::peek_datagram(turned_away_->fd());
    if (!head) break;
    net::drop_datagram(turned_away_->fd());
    owner_.on_turned_away({{}, head->peer});
  }
  return count;
}

void Endpoint::turn_away() {
  int error = 0;
  if (turn_batch_away(error) == 0) return none_turned_away(error);
  turned_away_->again();
}

/// It was readable, and nothing could be taken: at once it would be readable again. Without a socket that is of use the
/// access lists do not hold, and the service is closed; but what a server has now stays with it.
void Endpoint::none_turned_away(int error) {
  const auto facts = net::facts_of(turned_away_->fd());
  const std::string why = facts ? net::misfit(*facts, spec_) : facts.error().sentence;
  if (!why.empty() && !owner_.has_session(*this)) {
    around_.log.error("service {} is opened anew, its socket for peers to be refused is of no use: {}",
                      service().id, why);
    close_sockets();
    return (void)report(false);
  }
  if (error != 0 && why.empty())
    around_.log.error("service {}, accept: {}; trying again in a second", service().id, base::errno_text(error));
  refusing_.set(around_.clock.timer_length(error != 0 || !why.empty() ? 1000ms : 100ms));
}

}  // namespace xsuperd::service
