// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_AVAHI
#include "net/avahi_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::net {

namespace {

using namespace std::chrono_literals;

constexpr int most_names = 16;  ///< tried before a service is given up

std::string alternative(const Avahi& avahi, const std::string& name) {
  const std::unique_ptr<char, void (*)(void*)> next(avahi.alternative(name.c_str()), avahi.free);
  return next ? next.get() : name;
}

}  // namespace

AvahiSession::AvahiSession(const Avahi& avahi, const AvahiPoll* poll,
                           std::function<void(const std::string&)> tell)
    : avahi_(avahi), poll_(poll), tell_(std::move(tell)) {
  // Else libdbus ignores SIGPIPE in this process, and with it in every server that starts afterwards.
  avahi_.change_sigpipe(FALSE);
}

AvahiSession::~AvahiSession() { disconnect(); }

void AvahiSession::serve(const Services& services) {
  if (lost_) {
    disconnect();
    next_try_ = std::chrono::steady_clock::now() + 1s;
  }
  if (services.empty()) return disconnect();
  if (!client_) connect();
  if (std::exchange(host_changes_, false)) withdraw_all();
  if (!client_ || avahi_.state(client_) != AVAHI_CLIENT_S_RUNNING) return;
  tries_ = 0;
  for (auto at = published_.begin(); at != published_.end();) {
    const bool wanted = services.contains(at->first);
    if (!wanted && at->second.group) avahi_.free_group(at->second.group);
    at = wanted ? std::next(at) : published_.erase(at);
  }
  for (const MdnsService& service : services) look_after(service, published_[service]);
}

std::optional<std::chrono::milliseconds> AvahiSession::patience() const {
  if (lost_) return 0ms;
  if (client_) return std::nullopt;
  const auto left = next_try_ - std::chrono::steady_clock::now();
  return std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(left));
}

/// Without D-Bus it is tried again from time to time; without avahi-daemon, D-Bus says when it has come.
void AvahiSession::connect() {
  if (std::chrono::steady_clock::now() < next_try_) return;
  int error = 0;
  client_ = avahi_.new_client(poll_, AVAHI_CLIENT_NO_FAIL, on_client, this, &error);
  if (client_) {
    if (avahi_.state(client_) == AVAHI_CLIENT_CONNECTING) absent("it is not running");
    return;
  }
  lost_ = host_changes_ = false;
  const auto pause = std::min<std::chrono::seconds>(60s, 1s * (1 << std::min(tries_++, 6u)));
  next_try_ = std::chrono::steady_clock::now() + pause;
  absent(avahi_.text(error));
}

void AvahiSession::absent(const std::string& why) {
  if (std::exchange(told_absent_, true)) return;
  tell_(fmt::format("mdns: avahi-daemon cannot be reached: {}. Services will be announced when it can be.", why));
}

void AvahiSession::disconnect() {
  withdraw_all();
  if (client_) avahi_.free_client(std::exchange(client_, nullptr));
  lost_ = host_changes_ = false;
}

void AvahiSession::withdraw_all() {
  for (auto& [service, published] : published_)
    if (published.group) avahi_.free_group(published.group);
  published_.clear();
}

/// Called from inside the library, where nothing of it may be freed.
void AvahiSession::on_client(AvahiClient*, AvahiClientState state, void* self) {
  auto& session = *static_cast<AvahiSession*>(self);
  if (state == AVAHI_CLIENT_FAILURE) session.lost_ = true;
  if (state == AVAHI_CLIENT_S_COLLISION || state == AVAHI_CLIENT_S_REGISTERING) session.host_changes_ = true;
}

void AvahiSession::on_group(AvahiEntryGroup*, AvahiEntryGroupState state, void* published) {
  auto& entry = *static_cast<Published*>(published);
  if (state == AVAHI_ENTRY_GROUP_COLLISION) entry.collided = true;
  if (state == AVAHI_ENTRY_GROUP_FAILURE) entry.failed = true;
}

void AvahiSession::look_after(const MdnsService& service, Published& published) {
  if (published.name.empty()) return publish(service, published);
  if (!published.group) return;
  if (published.failed) return give_up(service, published, avahi_.client_error(client_));
  if (!std::exchange(published.collided, false)) return;
  avahi_.reset_group(published.group);
  published.name = alternative(avahi_, published.name);
  if (const int error = enter(service, published); error != AVAHI_OK) give_up(service, published, error);
}

std::string AvahiSession::asked_name(const MdnsService& service) const {
  const char* host = avahi_.host_name(client_);
  return mdns_instance(service.id, host ? host : "");
}

void AvahiSession::publish(const MdnsService& service, Published& published) {
  published.name = asked_name(service);
  published.group = avahi_.new_group(client_, on_group, &published);
  const int error = published.group ? enter(service, published) : avahi_.client_error(client_);
  if (error != AVAHI_OK) give_up(service, published, error);
}

/// avahi-daemon notices at once when this very host has the name already.
int AvahiSession::enter(const MdnsService& service, Published& published) {
  const std::string type = mdns_type(service).value_or("");
  int error = AVAHI_ERR_COLLISION;
  for (int tried = 0; error == AVAHI_ERR_COLLISION && tried < most_names; ++tried) {
    if (tried > 0) published.name = alternative(avahi_, published.name);
    error = avahi_.add_service(published.group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, AvahiPublishFlags{},
                                published.name.c_str(), type.c_str(), nullptr, nullptr, service.port, nullptr);
  }
  if (error != AVAHI_OK) return error;
  if (published.name != asked_name(service))
    tell_(fmt::format("mdns: service {} is announced as \"{}\": its name is taken", service.id,
                      base::escaped(published.name, 200)));
  return avahi_.commit_group(published.group);
}

/// Not when the connection is the reason: then all begins anew.
void AvahiSession::give_up(const MdnsService& service, Published& published, int error) {
  if (published.group) avahi_.free_group(std::exchange(published.group, nullptr));
  if (lost_ || error == AVAHI_ERR_DISCONNECTED || error == AVAHI_ERR_DBUS_ERROR) {
    lost_ = true;
    return;
  }
  tell_(fmt::format("mdns: service {} cannot be announced: {}", service.id, avahi_.text(error)));
}

}  // namespace xsuperd::net
#endif
