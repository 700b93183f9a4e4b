// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "net/avahi.hpp"
#include "xsuperd/net/mdns.hpp"

namespace xsuperd::net {

/// What avahi-daemon knows of us: a connection over D-Bus, reopened when it is lost, and an entry group for each
/// service. Blocks for as long as D-Bus does. One thread.
class AvahiSession {
 public:
  using Services = std::set<MdnsService>;
  AvahiSession(const Avahi& avahi, const AvahiPoll* poll, std::function<void(const std::string&)> tell);
  ~AvahiSession();
  AvahiSession(const AvahiSession&) = delete;
  AvahiSession& operator=(const AvahiSession&) = delete;

  /// Does what can be done now so that just these are announced. To be called after every turn of the loop.
  void serve(const Services& services);
  [[nodiscard]] bool connected() const { return client_ != nullptr; }
  /// When to call serve() even if nothing happens; nothing: never.
  [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const;

 private:
  struct Published {
    AvahiEntryGroup* group = nullptr;  ///< null: given up, which was said
    std::string name;
    bool collided = false;  ///< another host has the name
    bool failed = false;
  };
  static void on_client(AvahiClient* client, AvahiClientState state, void* self);
  static void on_group(AvahiEntryGroup* group, AvahiEntryGroupState state, void* published);

  void connect();
  void disconnect();
  void absent(const std::string& why);
  void look_after(const MdnsService& service, Published& published);
  [[nodiscard]] std::string asked_name(const MdnsService& service) const;
  void publish(const MdnsService& service, Published& published);
  [[nodiscard]] int enter(const MdnsService& service, Published& published);
  void give_up(const MdnsService& service, Published& published, int error);
  void withdraw_all();

  const Avahi& avahi_;
  const AvahiPoll* poll_;
  std::function<void(const std::string&)> tell_;
  AvahiClient* client_ = nullptr;
  std::map<MdnsService, Published> published_;
  bool host_changes_ = false;  ///< what is published has a host name that is outdated
  bool lost_ = false;          ///< the connection is unusable
  bool told_absent_ = false;
  unsigned tries_ = 0;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace xsuperd::net
