// SPDX-License-Identifier: MIT
// Services that say mdns = yes are announced in the local network for as long as their socket is open. Internal to service.
#pragma once
#include <optional>

#include "service/journal.hpp"
#include "xsuperd/net/mdns.hpp"
#include "xsuperd/service/endpoints.hpp"

namespace xsuperd::service {

/// The announcements of one service. Loop thread only.
class Announcement {
 public:
  /// All of them outlive it.
  Announcement(const Setup& setup, const Sockets& sockets, const Endpoints& endpoints, const Journal& journal)
      : setup_(setup), sockets_(sockets), endpoints_(endpoints), journal_(journal) {}

  /// Announces what is open now, and withdraws what is not. To be called when a socket or the configuration has changed.
  void update();

 private:
  [[nodiscard]] std::optional<net::MdnsService> wanted() const;
  void end();

  const Setup& setup_;
  const Sockets& sockets_;
  const Endpoints& endpoints_;
  const Journal& journal_;
  std::optional<net::MdnsService> announced_;
};

}  // namespace xsuperd::service
