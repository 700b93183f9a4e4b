// SPDX-License-Identifier: MIT
#include "net/sock_diag.hpp"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::net {

namespace {

constexpr std::string_view what = "listing the sockets of TCP";

bool ask(int link, const SocketsWanted& wanted) {
  struct {
    nlmsghdr head;
    inet_diag_req_v2 request;
  } message{};
  message.head.nlmsg_len = sizeof message;
  message.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request.sdiag_family = wanted.family;
  message.request.sdiag_protocol = IPPROTO_TCP;
  message.request.idiag_states = wanted.states;
  message.request.id.idiag_sport = htons(wanted.port);
  message.request.id.idiag_cookie[0] = message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return ::send(link, &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message);
}

/// Of a message NLMSG_ERROR.
base::Error error_of(std::string_view body) {
  nlmsgerr said{};
  std::memcpy(&said, body.data(), std::min(body.size(), sizeof said));
  return base::system_error(-said.error, what);
}

enum class Answer : std::uint8_t { goes_on, over };

/// One packet of it.
base::Result<Answer> read_answer(std::string_view packet, const EachSocket& each) {
  while (packet.size() >= sizeof(nlmsghdr)) {
    nlmsghdr head{};
    std::memcpy(&head, packet.data(), sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > packet.size()) return base::system_error(EBADMSG, what);
    const std::string_view body = packet.substr(NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
    if (head.nlmsg_type == NLMSG_ERROR) return error_of(body);
    if (head.nlmsg_type == NLMSG_DONE) return Answer::over;
    if ((head.nlmsg_flags & NLM_F_DUMP_INTR) != 0) return base::system_error(EAGAIN, what);
    if (body.size() < sizeof(inet_diag_msg)) return base::system_error(EBADMSG, what);
    inet_diag_msg one{};
    std::memcpy(&one, body.data(), sizeof one);
    if (!each(one, body.substr(std::min<std::size_t>(NLMSG_ALIGN(sizeof one), body.size()))))
      return base::system_error(ECANCELED, what);
    packet.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), packet.size()));
  }
  return Answer::goes_on;
}

}  // namespace

base::Result<void> list_tcp_sockets(const SocketsWanted& wanted, const EachSocket& each) {
  const base::Fd link(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!link || !ask(link.get(), wanted)) return base::system_error(errno, what);
  alignas(nlmsghdr) std::array<char, 32768> bytes{};
  while (true) {
    const ssize_t n = ::recv(link.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n <= 0) return base::system_error(n < 0 ? errno : EBADMSG, what);
    const auto read = read_answer({bytes.data(), static_cast<std::size_t>(n)}, each);
    if (!read) return read.error();
    if (*read == Answer::over) return {};
  }
}

}  // namespace xsuperd::net
