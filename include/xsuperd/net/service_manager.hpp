// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/net/activated_sockets.hpp"

/// The service manager that started the daemon, if one did: systemd, or whatever speaks its protocol (sd_notify(3),
/// sd_listen_fds(3), sd_watchdog_enabled(3)). Through libsystemd.
namespace xsuperd::net {

/// False when xsuperd was built without libsystemd: then make_service_manager() makes nothing.
[[nodiscard]] bool service_manager_available();

/// Messages to it. Thread safe; every call may wait until the manager has taken what was said before, so that none
/// belongs on the loop thread.
class ServiceManager {
 public:
  virtual ~ServiceManager() = default;
  /// Lines "NAME=value" as in sd_notify(3). Fails when the manager's socket is gone.
  [[nodiscard]] virtual base::Result<void> tell(const std::string& lines) = 0;
  /// Makes it keep a duplicate of the descriptor, which it gives back to the next daemon under that name.
  [[nodiscard]] virtual base::Result<void> store(int fd, const std::string& name) = 0;
  /// Makes it forget all descriptors of that name.
  [[nodiscard]] virtual base::Result<void> forget(const std::string& name) = 0;
};

/// To the manager named by NOTIFY_SOCKET; null when there is none, or the program was built without. Reads the
/// environment again with each word, so it is not to be changed later.
[[nodiscard]] std::unique_ptr<ServiceManager> make_service_manager();

/// How soon the manager expects the next WATCHDOG=1 from this process; nothing: it expects none.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period();

/// How many descriptors the manager keeps at most (FDSTORE, systemd.exec(5), since systemd 254); nothing: it does not say.
[[nodiscard]] std::optional<std::size_t> store_room();

/// Takes the sockets that the manager has passed to this process: duplicates, close-on-exec, with numbers from
/// `first_number` on; LISTEN_* leave the environment. To be called before other threads are there, and before the
/// descriptors from 3 on are closed. Fails when there are some and they cannot be taken.
[[nodiscard]] base::Result<std::vector<ActivatedSocket>> take_activated_sockets(int first_number);

/// What a manager expects of this process that a program built without libsystemd cannot do, a sentence for the log;
/// empty when there is nothing.
[[nodiscard]] std::string expected_in_vain();

/// The name under which a manager keeps a service's listening socket: "xsuperd/ID/tcp/127.0.0.1/7001", with "*" for all
/// addresses, "ipv4" or "ipv6" for all of one family, and "-" in place of ":". Services may share an id, but none of
/// them has the same place as well, except with port 0. What is too long ends in a hash. Case is that of the id, and
/// does not count. Pure.
[[nodiscard]] std::string stored_name(std::string_view id, const config::ListenSpec& spec);
/// The same with "/refused", for the second socket of a service whose access lists the kernel keeps.
[[nodiscard]] std::string stored_refusing_name(std::string_view id, const config::ListenSpec& spec);
/// Is it such a name? Else the socket belongs to the manager, as one of a .socket unit does.
[[nodiscard]] bool is_stored_name(std::string_view name);
/// An id as the name of a descriptor may be: what cannot stand there is written \xNN (sd_listen_fds_with_names(3):
/// printable ASCII without colons). Pure.
[[nodiscard]] std::string descriptor_name(std::string_view id);

}  // namespace xsuperd::net
