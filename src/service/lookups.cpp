// SPDX-License-Identifier: MIT
#include "xsuperd/service/lookups.hpp"

#include <utility>

#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

/// What the thread is given, and what it finds.
struct Lookups::Look {
  struct One {
    std::weak_ptr<RangeLookup> lookup;
    config::PortRange range;
    base::Endpoint socket;
    net::PortSet ports = net::PortSet::all();
  };
  std::vector<One> ranges;
  std::vector<net::TcpListener> places;
  base::Result<void> outcome = base::Error{0, "there was no memory for it"};

  void run() {
    auto listeners = net::tcp_listeners();
    outcome = listeners ? base::Result<void>() : listeners.error();
    if (!listeners) return;
    listeners->insert(listeners->end(), places.begin(), places.end());
    for (One& one : ranges) one.ports = net::ports_in_use(one.range, *listeners, one.socket);
  }
};

Lookups::Lookups(boost::asio::io_context& loop, const log::DaemonLog& log, const TimerLength& timer_length)
    : log_(log),
      timer_length_(timer_length),
      regularly_(loop, [this] { look(); }),
      soon_(loop, [this] { look(); }),
      thread_(loop, {.threads = 1, .queue = 1}) {}

std::shared_ptr<RangeLookup> Lookups::add(net::PortLookup lookup, int socket, const config::ListenSpec& spec) {
  std::erase_if(lookups_, [](const auto& one) { return one.expired(); });
  auto all = std::make_shared<RangeLookup>(std::move(lookup), spec.range, net::local_endpoint(socket));
  lookups_.push_back(all);
  look_within(0ms);
  return all;
}

base::Result<std::shared_ptr<RangeLookup>> Lookups::lead_to(int socket, const config::ListenSpec& spec) {
  auto lookup = net::PortLookup::open(socket, spec.range, spec.options.device);
  if (!lookup) return lookup.error();
  auto added = add(std::move(*lookup), socket, spec);
  waits_ = true;
  return added;
}

std::shared_ptr<RangeLookup> Lookups::restore(int socket, const config::ListenSpec& spec, base::Fd link, base::Fd ports) {
  auto lookup = net::PortLookup::adopt(std::move(link), std::move(ports));
  return lookup ? add(std::move(*lookup), socket, spec) : nullptr;
}

void Lookups::note_places(std::vector<net::TcpListener> places) {
  places_ = std::move(places);
  look_within(0ms);
}

void Lookups::on_socket() { look_within(delay); }

void Lookups::look_within(std::chrono::milliseconds time) {
  if (lookups_.empty() || (time > 0ms && soon_.is_set())) return;
  soon_.set(time == 0ms ? time : timer_length_(time));
}

std::shared_ptr<Lookups::Look> Lookups::next_look() {
  std::erase_if(lookups_, [](const auto& one) { return one.expired(); });
  auto look = std::make_shared<Look>();
  for (const auto& one : lookups_)
    if (const auto lookup = one.lock()) look->ranges.push_back({one, lookup->range, lookup->socket});
  if (!look->ranges.empty()) look->places = places_;
  return look;
}

void Lookups::look() {
  regularly_.set(timer_length_(interval));  // whatever comes of this
  soon_.cancel();
  if (looking_) return (void)(again_ = true);
  const auto look = next_look();
  if (look->ranges.empty()) {
    waits_ = false;
    return regularly_.cancel();
  }
  looking_ = thread_.run([look] { look->run(); },
                         [this, look] {
                           looking_ = false;
                           if (std::exchange(again_, false)) soon_.set(0ms);
                           looked(*look);
                         }) != 0;
}

void Lookups::looked(const Look& look) {
  if (!soon_.is_set()) waits_ = false;
  base::Result<void> outcome = look.outcome;
  for (const Look::One& one : look.ranges) {
    const auto lookup = one.lookup.lock();
    if (!lookup || !look.outcome) continue;
    if (auto written = lookup->kernel.leave_alone(one.ports); !written) outcome = written;
  }
  if (outcome) return (void)(trouble_told_ = false);
  if (std::exchange(trouble_told_, true)) return;
  log_.error("ranges of ports do not follow who listens within them: {}. It will be retried from time to time.",
             outcome.error().sentence);
}

}  // namespace xsuperd::service
