// SPDX-License-Identifier: MIT
// RPC services: their port is the system's choice, and rpcbind tells it to those who ask (fact B4.6).
#include <algorithm>

#include "xsuperd/loop/off_loop.hpp"
#include "xsuperd/net/rpcbind.hpp"
#include "xsuperd/service/runner.hpp"

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

/// At the end of a service, and of the daemon, nobody waits long for a dead rpcbind.
net::RpcbindPlace hurried(net::RpcbindPlace place) {
  place.patience = std::min(place.patience, std::chrono::milliseconds(1000));
  return place;
}

}  // namespace

/// Off the loop: rpcbind may be slow, or not there, and this service alone waits for it.
void Runner::register_rpc() {
  const Registration r = registration_of(service());
  const std::uint16_t port = net::local_endpoint(listener_->fd()).port;
  registered_ = true;
  const auto speak = [place = around_.rpcbind, r, port] {
    // What an earlier daemon left behind when it was killed would be in the way.
    net::rpc_unregister(r.program, r.versions.low, r.versions.high, r.protocol, place);
    return net::rpc_register(r.program, r.versions.low, r.versions.high, r.protocol, port, place);
  };
  loop::off_loop(around_.rpc, around_.loop, speak, [&around = around_, weak = weak_from_this(), r](const auto& failed) {
    --around.rpc_pending;
    const auto self = weak.lock();
    if (!self) return;
    if (failed)
      for (const std::uint32_t version : *failed)
        self->around_.log.error("pmap_set failed. service={} program={} version={}", self->service().id, r.program,
                                version);
    else
      self->registration_failed(failed.error().sentence);
  });
  ++around_.rpc_pending;
}

void Runner::registration_failed(const std::string& why) {
  if (!registered_) return;  // closed meanwhile
  if (open_failures_++ == 0)
    around_.log.error("pmap_set failed. service={} program={}: {}. It is tried again from time to time.", service().id,
                      *service().settings.rpc_number, why);
  registered_ = false;
  close_sockets();
  feed(Closed{});
  try_again_later();
}

void Runner::unregister_rpc() {
  if (!std::exchange(registered_, false)) return;
  const Registration r = registration_of(service());
  const auto speak = [place = hurried(around_.rpcbind), r] {
    net::rpc_unregister(r.program, r.versions.low, r.versions.high, r.protocol, place);
  };
  loop::off_loop(around_.rpc, around_.loop, speak, [&around = around_](const base::Result<void>&) { --around.rpc_pending; });
  ++around_.rpc_pending;
}

}  // namespace xsuperd::service
