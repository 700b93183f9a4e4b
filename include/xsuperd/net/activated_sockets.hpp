// SPDX-License-Identifier: MIT
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/config/model.hpp"

/// Open sockets that a service manager has passed to the daemon, and which service each of them is for.
namespace xsuperd::net {

/// What decides whether a socket can serve for a service.
struct SocketFacts {
  int type = 0;      ///< SOCK_STREAM and so on
  int protocol = 0;  ///< IPPROTO_TCP and so on; multipath TCP counts as TCP. 0 for UNIX and vsock
  bool ipv6 = false;
  bool v6only = false;
  bool listens = false;  ///< waits for connections
  base::Endpoint at;
  bool hung_up = false;  ///< hang_up() was called, perhaps by another process
  config::ListenSpec::Kind kind = config::ListenSpec::Kind::ip;  ///< ip, local or vsock
  std::string name = {};       ///< local: the path, or '@' and the abstract name
  config::VsockPlace vsock{};  ///< vsock
  bool operator==(const SocketFacts&) const = default;
};

/// Asks the kernel. Fails for what is not an IP, UNIX or vsock socket.
[[nodiscard]] base::Result<SocketFacts> facts_of(int fd);
/// "[::]:80", "unix:/run/x", for messages.
[[nodiscard]] std::string place_text(const config::ListenSpec& spec);
[[nodiscard]] std::string place_text(const SocketFacts& socket);

/// Why a socket cannot serve there: "it is bound to [::]:80, but the service belongs on 10.0.0.1:80"; empty when it
/// can. With port 0 any port will do. Asks the kernel only whether there is IPv6.
[[nodiscard]] std::string misfit(const SocketFacts& socket, const config::ListenSpec& spec);

/// A socket with the name that the manager has given it.
struct ActivatedSocket {
  std::string name;
  base::Fd fd;
  bool foreign = false;  ///< a server has had it, and others may have it still
};

/// The same without the descriptor: a value.
struct ActivatedFacts {
  std::string name;
  SocketFacts facts;
};
/// Is there one for that service? Pure, so that a reload that is being prepared can ask.
[[nodiscard]] bool any_fits(const std::vector<ActivatedFacts>& sockets, std::string_view id,
                            const config::ListenSpec& spec);

/// Those that no service has at the moment. Lives on the loop thread.
class ActivatedSockets {
 public:
  /// Takes those that a service can have; says which it rejected and why.
  [[nodiscard]] std::vector<std::string> add(std::vector<ActivatedSocket> sockets);
  void give_back(ActivatedSocket socket);

  /// The one that is named after the service and fits, else one that fits by type, protocol and address alone. Those
  /// that the manager keeps for us are taken by name only (stored_name()), and must fit, too.
  [[nodiscard]] std::optional<ActivatedSocket> take(std::string_view id, const config::ListenSpec& spec);
  /// The second socket that was kept for a steered service, when it fits beside the first one, which `spec` tells with
  /// its port.
  [[nodiscard]] std::optional<ActivatedSocket> take_refusing(std::string_view stored, const config::ListenSpec& spec);
  /// Those kept for us of which none of these services has a use any more: no service has that name, or it does not fit
  /// there, or it is the second of a pair without a first. They are in the way of whoever is to be bound there.
  [[nodiscard]] std::vector<ActivatedSocket> take_stale(const std::vector<const config::Service*>& services);

  /// All that are left, for a hand-over or to be closed.
  [[nodiscard]] const std::vector<ActivatedSocket>& sockets() const { return sockets_; }
  [[nodiscard]] std::vector<ActivatedFacts> facts() const;
  [[nodiscard]] std::vector<ActivatedSocket> take_all();

 private:
  using Places = std::unordered_map<std::string, config::ListenSpec>;  ///< by name in lower case
  using Claimed = std::unordered_map<std::string, std::size_t>;        ///< which socket, by the same name
  [[nodiscard]] ActivatedSocket take_at(std::size_t index);
  /// For each name the first socket that has it and fits.
  [[nodiscard]] Claimed claim(const Places& places) const;

  std::vector<ActivatedSocket> sockets_;
  std::vector<SocketFacts> facts_;  ///< of the socket with the same index
};

}  // namespace xsuperd::net
