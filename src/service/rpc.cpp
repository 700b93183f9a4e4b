// SPDX-License-Identifier: MIT
// RPC services: their port is the system's choice, and rpcbind tells it to those who ask (fact B4.6).
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "xsuperd/loop/off_loop.hpp"
#include "xsuperd/net/rpcbind.hpp"
#include "service/while_alive.hpp"

namespace xsuperd::service {

namespace {

struct Registration {
  std::uint32_t program = 0;
  config::VersionRange versions;
  int protocol = 0;
};

Registration registration_of(const config::Service& s) {
  return {*s.settings.rpc_number, *s.settings.rpc_version, s.listen.protocol.number};
}

bool overlap(const Registration& a, const Registration& b) {
  return a.program == b.program && a.protocol == b.protocol && a.versions.low <= b.versions.high &&
         b.versions.low <= a.versions.high;
}

/// At the end of a service, and of the daemon, nobody waits long for a dead rpcbind.
net::RpcbindPlace hurried(net::RpcbindPlace place) {
  place.patience = std::min(place.patience, std::chrono::milliseconds(1000));
  return place;
}

}  // namespace

/// Another service of this daemon that rpcbind knows, or soon will, for something of what this one is. Null: there is none.
std::shared_ptr<Endpoint> Endpoint::rpc_owner() const {
  const Registration wanted = registration_of(service());
  for (const auto& weak : around_.rpc.services) {
    auto other = weak.lock();
    if (other && other.get() != this && other->facts_.registered && overlap(registration_of(other->service()), wanted))
      return other;
  }
  return nullptr;
}

void Endpoint::note_rpc() {
  std::erase_if(around_.rpc.services, [this](const std::weak_ptr<Endpoint>& weak) {
    const auto other = weak.lock();
    return !other || other.get() == this || !other->facts_.registered;
  });
  around_.rpc.services.push_back(weak_from_this());
  facts_.registered = true;
}

/// Off the loop: rpcbind may be slow, or not there, and this service alone waits for it.
void Endpoint::register_rpc() {
  if (const auto owner = rpc_owner()) {
    // Not at once, as with rpcbind's own refusal: the State is only about to hear of the open socket.
    boost::asio::post(around_.loop, while_alive([why = fmt::format("service {} has it", owner->service().id)](Endpoint& self) {
      if (self.listener_ && !self.facts_.registered) self.registration_failed(why);
    }));
    return;
  }
  const Registration r = registration_of(service());
  const std::uint16_t port = net::local_endpoint(listener_->fd()).port;
  note_rpc();
  const auto speak = [place = around_.rpc.place, r, port] {
    // What an earlier daemon left behind when it was killed would be in the way.
    net::rpc_unregister(r.program, r.versions.low, r.versions.high, r.protocol, place);
    return net::rpc_register(r.program, r.versions.low, r.versions.high, r.protocol, port, place);
  };
  const auto answered = while_alive([r](Endpoint& self, const base::Result<std::vector<std::uint32_t>>& failed) {
    if (failed)
      for (const std::uint32_t version : *failed)
        self.around_.log.error("pmap_set failed. service={} program={} version={}", self.service().id, r.program, version);
    else if (self.facts_.registered)  // not closed meanwhile
      self.registration_failed(failed.error().sentence);
  });
  loop::off_loop(around_.rpc.thread, around_.loop, speak, [&around = around_, answered](const auto& failed) {
    --around.rpc.pending;
    answered(failed);
  });
  ++around_.rpc.pending;
}

void Endpoint::registration_failed(const std::string& why) {
  facts_.trouble = "it cannot be registered with rpcbind: " + why;
  if (facts_.open_failures++ == 0)
    around_.log.error("pmap_set failed. service={} program={}: {}. It is tried again from time to time.", service().id,
                      *service().settings.rpc_number, why);
  facts_.registered = false;
  close_sockets();
  (void)report(false);
}

void Endpoint::unregister_rpc() {
  if (!std::exchange(facts_.registered, false)) return;
  const Registration r = registration_of(service());
  const auto speak = [place = hurried(around_.rpc.place), r] {
    net::rpc_unregister(r.program, r.versions.low, r.versions.high, r.protocol, place);
  };
  loop::off_loop(around_.rpc.thread, around_.loop, speak, [&around = around_](const base::Result<void>&) { --around.rpc.pending; });
  ++around_.rpc.pending;
}

}  // namespace xsuperd::service
