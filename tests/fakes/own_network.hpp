// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/net/port_lookup.hpp"

namespace xsuperd::fakes {

/// Puts this thread, and threads that it starts, into a network where there is nothing but loopback, until the end of its
/// life. Threads that were there before stay where they are.
class OwnNetwork {
 public:
  OwnNetwork() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    there_ = before_ && ::unshare(CLONE_NEWNET) == 0;
    const base::Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP;
    if (there_) ::ioctl(any.get(), SIOCSIFFLAGS, &loopback);
  }
  ~OwnNetwork() {
    if (there_) ::setns(before_.get(), CLONE_NEWNET);
  }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  /// May ranges of ports be tried here? Otherwise ctest counts the case as skipped (SKIP_REGULAR_EXPRESSION in
  /// cmake/Layer.cmake).
  [[nodiscard]] bool allows_port_lookups() const {
    if (there_ && net::lookup_ability() == net::LookupAbility::usable) return true;
    WARN("case-skipped: this user gets no network of its own, or may load no BPF program");
    return false;
  }

 private:
  const base::Fd before_;
  bool there_ = false;
};

}  // namespace xsuperd::fakes
