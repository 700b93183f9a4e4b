// SPDX-License-Identifier: MIT
// What is used of libsystemd, which is loaded when a service manager has left word in the environment. Internal to net.
#pragma once
#include <systemd/sd-daemon.h>

#include "xsuperd/base/library.hpp"

namespace xsuperd::net {

struct Systemd {
  static constexpr const char* file = XSUPERD_SYSTEMD_FILE;
  decltype(&::sd_notify) notify;
  decltype(&::sd_pid_notify_with_fds) notify_with_fds;
  decltype(&::sd_watchdog_enabled) watchdog;
  decltype(&::sd_listen_fds_with_names) listen_fds;

  void find(base::Library& in) {
    in.find("sd_notify", notify).find("sd_pid_notify_with_fds", notify_with_fds);
    in.find("sd_watchdog_enabled", watchdog).find("sd_listen_fds_with_names", listen_fds);
  }
};

}  // namespace xsuperd::net
