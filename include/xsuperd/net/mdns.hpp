// SPDX-License-Identifier: MIT
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace boost::asio {
class io_context;
}

/// Services announced on the local network by multicast DNS (RFC 6762, RFC 6763), which avahi-daemon does for
/// us. Loop thread; nothing here waits.
namespace xsuperd::net {

/// False when xsuperd was built without libavahi-client: then make_mdns() makes nothing.
[[nodiscard]] bool mdns_available();
/// Loads libavahi-client and what is below it. Blocks on files the first time; thread safe. An error names the library.
[[nodiscard]] base::Result<void> load_mdns();

/// What is announced of one service.
struct MdnsService {
  std::string id;    ///< becomes part of the name that people see
  std::string name;  ///< of the service, which is its type: "ftp" for _ftp._tcp
  bool tcp = true;
  std::uint16_t port = 0;
  auto operator<=>(const MdnsService&) const = default;
};

/// The type as RFC 6763, section 7, has it: "_ftp._tcp", and _udp for all that is not tcp. Nothing when the
/// name cannot be part of one: 2 to 62 letters, digits, hyphens and underscores. That is wider than
/// RFC 6335, as avahi-daemon and names of services are. Pure.
[[nodiscard]] std::optional<std::string> mdns_type(const MdnsService& service);

/// The name of an instance that people see, "ftp on myhost": unique in the network as long as names of hosts
/// and ids on a host are. Cut to the 63 bytes of a DNS label, between characters of UTF-8. Pure.
[[nodiscard]] std::string mdns_instance(std::string_view id, std::string_view host);

/// Announces services. Lives on the loop thread.
class Mdns {
 public:
  virtual ~Mdns() = default;
  /// Announces it until it is withdrawn as often as it was announced. When there is no avahi-daemon it is announced as
  /// soon as there is one.
  virtual void announce(const MdnsService& service) = 0;
  /// Withdraws it; what was not announced is ignored.
  virtual void withdraw(const MdnsService& service) = 0;
};

/// The Mdns of the daemon; null when it was built without. A thread of its own talks to avahi-daemon over
/// D-Bus, and exists only while something is announced. `on_note` is called on the loop thread with a sentence
/// for the daemon log, level notice: that avahi-daemon cannot be reached, which is said once, and what becomes
/// of a service otherwise than asked for, or that libavahi-client, which the thread loads, cannot be. The destructor withdraws
/// everything, for which it waits a second at most: what is left goes with the process's connection to D-Bus.
[[nodiscard]] std::unique_ptr<Mdns> make_mdns(boost::asio::io_context& loop,
                                              std::function<void(std::string)> on_note);

}  // namespace xsuperd::net
