// SPDX-License-Identifier: MIT
#include "net/private_network.hpp"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::net {

namespace {

constexpr unsigned loopback = 1;  // the index of `lo` in every network namespace

int loopback_up() {
  const base::Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return any && ::ioctl(any.get(), SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

/// "local default dev lo", to be acknowledged (rtnetlink(7)).
struct RouteRequest {
  nlmsghdr head{};
  rtmsg route{};
  rtattr interface_head{};
  unsigned interface = loopback;

  explicit RouteRequest(unsigned char family) {
    head.nlmsg_len = sizeof *this;
    head.nlmsg_type = RTM_NEWROUTE;
    head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
    route.rtm_family = family;
    route.rtm_table = RT_TABLE_LOCAL;
    route.rtm_protocol = RTPROT_BOOT;
    route.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    route.rtm_type = RTN_LOCAL;
    interface_head = {RTA_LENGTH(sizeof interface), RTA_OIF};
  }
};

/// The errno value in the kernel's acknowledgement.
int acknowledged(int link) {
  struct {
    nlmsghdr head;
    nlmsgerr said;
    std::array<char, 256> rest;
  } answer{};
  const ssize_t size = ::recv(link, &answer, sizeof answer, 0);
  if (size < static_cast<ssize_t>(sizeof answer.head + sizeof answer.said) || answer.head.nlmsg_type != NLMSG_ERROR) return EBADMSG;
  return -answer.said.error;
}

/// All addresses of the family are ours.
int own_all(unsigned char family) {
  const base::Fd link(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const RouteRequest request(family);
  if (!link || ::send(link.get(), &request, sizeof request, 0) != static_cast<ssize_t>(sizeof request)) return errno;
  return acknowledged(link.get());
}

void write_setting(const char* path, std::string_view value) {
  const base::Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (file) (void)!::write(file.get(), value.data(), value.size());
}

}  // namespace

base::Result<void> enter_private_network() {
  if (::unshare(CLONE_NEWNET) != 0) return base::system_error(errno, "making a network namespace");
  if (const int error = loopback_up(); error != 0) return base::system_error(error, "setting up the loopback interface of a network namespace");
  if (const int error = own_all(AF_INET); error != 0) return base::system_error(error, "adding a route for all IPv4 addresses");
  (void)own_all(AF_INET6);  // there are machines without; then their clients have no such address either
  write_setting("/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
  return {};
}

}  // namespace xsuperd::net
