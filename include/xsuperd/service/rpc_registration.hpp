// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// What rpcbind knows of one endpoint, or soon will: the port of an RPC service is the system's choice, and rpcbind tells
/// it to those who ask (fact B4.6). Speaks with rpcbind off the loop, which may be slow, or not there. Held by shared_ptr
/// because answers refer to it. Loop thread only.
class RpcRegistration : public std::enable_shared_from_this<RpcRegistration> {
 public:
  /// `on_failed` is called, from the loop and after begin() has returned, when it cannot be registered, with the reason. It
  /// is not registered then.
  RpcRegistration(Surroundings& around, std::function<void(const std::string& why)> on_failed);

  /// Asks rpcbind to know the service at that port. Fails without asking when another service of this daemon is known for
  /// something of what this one is (decision B15.25).
  void begin(const config::Service& service, std::uint16_t port);
  /// The image before this one has.
  void resume(const config::Service& service, std::uint16_t port);
  /// Takes back what was registered, if anything was.
  void end();
  [[nodiscard]] bool registered() const { return registered_.has_value(); }
  /// Has it been registered with another port than this?
  [[nodiscard]] bool elsewhere(std::uint16_t port) const { return registered_ && registered_->port != port; }

 private:
  struct Entry {
    std::string service;
    std::uint32_t program = 0;
    config::VersionRange versions;
    int protocol = 0;
    std::uint16_t port = 0;
    Entry(const config::Service& service, std::uint16_t port);
    [[nodiscard]] bool overlaps(const Entry& other) const;
  };
  [[nodiscard]] std::shared_ptr<RpcRegistration> owner_of(const Entry& wanted) const;
  void note(Entry entry);
  void answered(const Entry& entry, const base::Result<std::vector<std::uint32_t>>& refused);
  void fail(const std::string& why);

  Surroundings& around_;
  const std::function<void(const std::string& why)> on_failed_;
  std::optional<Entry> registered_;
};

}  // namespace xsuperd::service
