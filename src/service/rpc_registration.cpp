// SPDX-License-Identifier: MIT
#include "xsuperd/service/rpc_registration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "xsuperd/loop/off_loop.hpp"
#include "xsuperd/net/rpcbind.hpp"

namespace xsuperd::service {

namespace {

/// At the end of a service, and of the daemon, nobody waits long for a dead rpcbind.
net::RpcbindPlace hurried(net::RpcbindPlace place) {
  place.patience = std::min(place.patience, std::chrono::milliseconds(1000));
  return place;
}

}  // namespace

RpcRegistration::Entry::Entry(const config::Service& s, std::uint16_t at)
    : service(s.id),
      program(*s.settings.rpc_number),
      versions(*s.settings.rpc_version),
      protocol(s.listen.protocol.number),
      port(at) {}

bool RpcRegistration::Entry::overlaps(const Entry& other) const {
  return program == other.program && protocol == other.protocol && versions.low <= other.versions.high &&
         other.versions.low <= versions.high;
}

RpcRegistration::RpcRegistration(Surroundings& around, std::function<void(const std::string& why)> on_failed)
    : around_(around), on_failed_(std::move(on_failed)) {}

/// Who has something of it already. Null: nobody.
std::shared_ptr<RpcRegistration> RpcRegistration::owner_of(const Entry& wanted) const {
  for (const auto& weak : around_.rpc.services) {
    auto other = weak.lock();
    if (other && other.get() != this && other->registered_ && other->registered_->overlaps(wanted)) return other;
  }
  return nullptr;
}

void RpcRegistration::note(Entry entry) {
  std::erase_if(around_.rpc.services, [this](const std::weak_ptr<RpcRegistration>& weak) {
    const auto other = weak.lock();
    return !other || other.get() == this || !other->registered_;
  });
  around_.rpc.services.push_back(weak_from_this());
  registered_ = std::move(entry);
}

void RpcRegistration::begin(const config::Service& service, std::uint16_t port) {
  const Entry entry(service, port);
  if (const auto owner = owner_of(entry)) {
    // Not at once, as with rpcbind's own refusal: the State is only about to hear of the open socket.
    boost::asio::post(around_.loop, [weak = weak_from_this(), why = fmt::format("service {} has it", owner->registered_->service)] {
      if (const auto self = weak.lock(); self && !self->registered_) self->fail(why);
    });
    return;
  }
  note(entry);
  const auto speak = [place = around_.rpc.place, entry] {
    // What an earlier daemon left behind when it was killed would be in the way.
    net::rpc_unregister(entry.program, entry.versions.low, entry.versions.high, entry.protocol, place);
    return net::rpc_register(entry.program, entry.versions.low, entry.versions.high, entry.protocol, entry.port, place);
  };
  loop::off_loop(around_.rpc.thread, around_.loop, speak, [&around = around_, weak = weak_from_this(), entry](const auto& refused) {
    --around.rpc.pending;
    if (const auto self = weak.lock()) self->answered(entry, refused);
  });
  ++around_.rpc.pending;
}

/// `refused`: the versions that rpcbind would not take; an error where it took none.
void RpcRegistration::answered(const Entry& entry, const base::Result<std::vector<std::uint32_t>>& refused) {
  if (refused)
    for (const std::uint32_t version : *refused)
      around_.log.error("pmap_set failed. service={} program={} version={}", entry.service, entry.program, version);
  else if (registered_)  // not closed meanwhile
    fail(refused.error().sentence);
}

void RpcRegistration::fail(const std::string& why) {
  registered_.reset();
  on_failed_(why);
}

void RpcRegistration::resume(const config::Service& service, std::uint16_t port) { note({service, port}); }

void RpcRegistration::end() {
  if (!registered_) return;
  const Entry entry = *std::exchange(registered_, std::nullopt);
  const auto speak = [place = hurried(around_.rpc.place), entry] {
    net::rpc_unregister(entry.program, entry.versions.low, entry.versions.high, entry.protocol, place);
  };
  loop::off_loop(around_.rpc.thread, around_.loop, speak, [&around = around_](const base::Result<void>&) { --around.rpc.pending; });
  ++around_.rpc.pending;
}

}  // namespace xsuperd::service
