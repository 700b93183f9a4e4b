// SPDX-License-Identifier: MIT
// Where connections come in. Internal to service.
#pragma once
#include "service/judging.hpp"
#include "service/proxy_headers.hpp"

namespace xsuperd::service {

/// Accepts connections and makes a session of each, which is sent the banner and then judged. Loop thread only.
class ConnectionDoor {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    Endpoint::Owner& doors;
    const Endpoints& endpoints;
    Endings& endings;
    Way& way;
    Judging& judging;
    const Sending& sending;
    Timers& timers;
    const Journal& journal;
    const Life& life;
  };
  ConnectionDoor(const Needs& needs, ProxyHeaders& headers) : needs_(needs), headers_(headers) {}

  /// A connection is waiting there.
  void accept(Endpoint& endpoint);
  /// A connection that came through tcpmux: from here on it is a request like any other, with this service's own lists,
  /// limits and log (B12.40). `before`: what is known of it; its peers are kept.
  void receive_from_tcpmux(base::Fd connection, const Session& before);
  /// The session of a connection that was accepted goes on with `banner`, and is judged.
  void greet(Token token);

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  [[nodiscard]] bool stays_with_us() const;
  void failed(const Endpoint& endpoint, int error);
  void greeted(Token token, base::Fd socket, bool delivered);

  const Needs needs_;
  ProxyHeaders& headers_;
};

}  // namespace xsuperd::service
