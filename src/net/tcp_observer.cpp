// SPDX-License-Identifier: MIT
#include "xsuperd/net/tcp_observer.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include "xsuperd/net/socket.hpp"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

namespace xsuperd::net {

namespace {

using Outcome = TcpLook::Outcome;
using std::chrono::milliseconds;

/// As the kernel writes it. That of libc ends sooner, and <linux/tcp.h> cannot be included beside <netinet/tcp.h>.
struct Info : tcp_info {
  std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
  std::uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
};
static_assert(sizeof(tcp_info) == 104 && sizeof(Info) == 160);

template <typename T>
T option(int socket, int name) {
  T value{};
  socklen_t length = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &length) == 0 ? value : T{};
}

constexpr std::uint32_t states_with_peer = 1U << TCP_ESTABLISHED | 1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT |
                                   1U << TCP_LAST_ACK | 1U << TCP_CLOSING;

struct Question {
  nlmsghdr head;
  inet_diag_req_v2 request;
};

void put(const base::Address& address, std::uint32_t (&to)[4]) {
  std::memcpy(to, address.bytes().data(), address.family() == base::Address::Family::ipv4 ? 4 : 16);
}

Question new_question(int family, std::uint16_t port, std::uint32_t number) {
  Question question{};
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST;
  question.head.nlmsg_seq = number;
  question.request.sdiag_family = static_cast<std::uint8_t>(family);
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0U;
  question.request.id.idiag_sport = htons(port);
  return question;
}

Question question_about(const TcpIdentity& connection, const base::Endpoint& peer, std::uint32_t number) {
  const base::Address local = connection.local.address.unmapped();  // the kernel finds mapped ones under IPv4, too
  Question question = new_question(local.family() == base::Address::Family::ipv4 ? AF_INET : AF_INET6, connection.local.port, number);
  inet_diag_req_v2& request = question.request;
  request.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  request.id.idiag_dport = htons(peer.port);
  put(local, request.id.idiag_src);
  put(peer.address.unmapped(), request.id.idiag_dst);
  request.id.idiag_if = connection.interface;
  request.id.idiag_cookie[0] = static_cast<std::uint32_t>(connection.cookie);
  request.id.idiag_cookie[1] = static_cast<std::uint32_t>(connection.cookie >> 32);
  return question;
}

/// The attribute with the TCP_INFO; what an older kernel does not tell is zero.
std::optional<Info> info_in(const char* at, std::size_t length) {
  while (length >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, at, sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > length) return std::nullopt;
    if (head.rta_type == INET_DIAG_INFO) {
      Info info{};
      std::memcpy(&info, at + sizeof head, std::min<std::size_t>(sizeof info, head.rta_len - sizeof head));
      return info;
    }
    const std::size_t step = std::min<std::size_t>(RTA_ALIGN(head.rta_len), length);
    at += step;
    length -= step;
  }
  return std::nullopt;
}

/// Of what is sent again only the peer's word that it lives counts, or one that has vanished would seem busy.
milliseconds since_sent(const Info& info) {
  const std::uint32_t sent = info.tcpi_retransmits > 0 ? std::max(info.tcpi_last_data_sent, info.tcpi_last_ack_recv) : info.tcpi_last_data_sent;
  return milliseconds(sent);
}

TcpLook look_of(const Info& info, std::uint8_t state, std::uint64_t preface) {
  // The kernel counts the peer's end as a byte.
  const bool ended = state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
  const bool ever_sent = info.data_segs_out > 0;
  const milliseconds received(info.tcpi_last_data_recv);
  return {.outcome = Outcome::seen,
          .peer_spoke = info.bytes_received > preface + (ended ? 1U : 0U),
          .quiet = ever_sent ? std::min(received, since_sent(info)) : received};
}

TcpLook failed(int error) {
  return {.outcome = error == ENOENT || error == ESTALE ? Outcome::gone : Outcome::not_looked, .error = error};
}

/// Nothing when it answers another question.
std::optional<TcpLook> read_answer(const char* bytes, std::size_t length, std::uint32_t number, std::uint64_t preface) {
  nlmsghdr head{};
  if (length < sizeof head) return failed(EBADMSG);
  std::memcpy(&head, bytes, sizeof head);
  if (head.nlmsg_len < sizeof head || head.nlmsg_len > length) return failed(EBADMSG);
  if (head.nlmsg_seq != number) return std::nullopt;
  if (head.nlmsg_type == NLMSG_ERROR) {
    nlmsgerr error{};
    if (head.nlmsg_len < NLMSG_LENGTH(sizeof error.error)) return failed(EBADMSG);
    std::memcpy(&error.error, bytes + NLMSG_HDRLEN, sizeof error.error);
    return failed(error.error == 0 ? EBADMSG : -error.error);
  }
  inet_diag_msg one{};
  if (head.nlmsg_len < NLMSG_LENGTH(sizeof one)) return failed(EBADMSG);
  std::memcpy(&one, bytes + NLMSG_HDRLEN, sizeof one);
  constexpr std::size_t begin = NLMSG_LENGTH(sizeof one);
  const auto info = info_in(bytes + begin, head.nlmsg_len - begin);
  const bool over = !info || one.idiag_state == TCP_TIME_WAIT || one.idiag_state == TCP_CLOSE;  // the rest of one that is closed here has none
  return over ? failed(ENOENT) : look_of(*info, one.idiag_state, preface);
}

base::Endpoint endpoint_in(const inet_diag_msg& one, const std::uint32_t (&address)[4], std::uint16_t port, std::uint32_t scope) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), address, one.idiag_family == AF_INET ? 4 : 16);
  const bool link_local = one.idiag_family == AF_INET6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  const auto family = one.idiag_family == AF_INET ? base::Address::Family::ipv4 : base::Address::Family::ipv6;
  return {base::Address::of(family, bytes, link_local ? scope : 0).unmapped(), ntohs(port)};
}

TcpConnection connection_in(const inet_diag_msg& one) {
  const auto& id = one.id;
  const std::uint64_t cookie = std::uint64_t{id.idiag_cookie[1]} << 32 | id.idiag_cookie[0];
  return {.peer = endpoint_in(one, id.idiag_dst, id.idiag_dport, id.idiag_if),
          .identity = {.local = endpoint_in(one, id.idiag_src, id.idiag_sport, id.idiag_if), .cookie = cookie, .interface = id.idiag_if}};
}

/// One packet of a list; false after the last.
bool read_list(const char* bytes, std::size_t length, std::uint32_t number, std::vector<TcpConnection>& to) {
  while (length >= sizeof(nlmsghdr)) {
    nlmsghdr head{};
    std::memcpy(&head, bytes, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > length) return false;
    const bool ours = head.nlmsg_seq == number;
    if (ours && (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR)) return false;
    inet_diag_msg one{};
    if (ours && head.nlmsg_len >= NLMSG_LENGTH(sizeof one)) {
      std::memcpy(&one, bytes + NLMSG_HDRLEN, sizeof one);
      to.push_back(connection_in(one));
    }
    const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), length);
    bytes += step;
    length -= step;
  }
  return true;
}

}  // namespace

TcpIdentity identify_tcp(int socket) {
  if (option<int>(socket, SO_PROTOCOL) != IPPROTO_TCP) return {};
  TcpIdentity identity{.local = local_endpoint(socket), .cookie = 0, .interface = option<std::uint32_t>(socket, SO_BINDTOIFINDEX)};
  if (identity.local.address.is_ip()) identity.cookie = option<std::uint64_t>(socket, SO_COOKIE);
  return identity;
}

TcpLook TcpObserver::look(const TcpIdentity& connection, const base::Endpoint& peer) {
  const Question question = question_about(connection, peer, ++question_);
  if (!send(&question, sizeof question)) return {.outcome = Outcome::not_looked, .error = errno};
  alignas(nlmsghdr) std::array<char, 4096> bytes{};
  for (;;) {  // an answer that was not taken before may stand in front
    const ssize_t got = receive(bytes.data(), bytes.size());
    if (got < 0) return failed(errno);
    if (const auto look = read_answer(bytes.data(), static_cast<std::size_t>(got), question_, connection.preface)) return *look;
  }
}

bool TcpObserver::abandoned(const base::Endpoint& peer, const base::Endpoint& local) {
  Question question = question_about({.local = peer, .cookie = 0, .interface = 0}, local, ++question_);
  question.request.idiag_ext = 0;
  question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (!send(&question, sizeof question)) return false;
  alignas(nlmsghdr) std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t got = receive(bytes.data(), bytes.size());
    nlmsghdr head{};
    if (got < static_cast<ssize_t>(sizeof head)) return false;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nlmsg_seq != question_) continue;
    inet_diag_msg one{};
    if (head.nlmsg_type == NLMSG_ERROR || static_cast<std::size_t>(got) < NLMSG_LENGTH(sizeof one)) return false;
    std::memcpy(&one, bytes.data() + NLMSG_HDRLEN, sizeof one);
    return one.idiag_inode == 0;  // no file any more
  }
}

std::vector<TcpConnection> TcpObserver::connections_at(std::uint16_t port) {
  std::vector<TcpConnection> found;
  for (const int family : {AF_INET, AF_INET6}) {
    Question question = new_question(family, port, ++question_);
    question.head.nlmsg_flags |= NLM_F_DUMP;
    question.request.idiag_states = states_with_peer;
    question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (!send(&question, sizeof question)) continue;
    alignas(nlmsghdr) std::array<char, 32768> bytes{};
    for (bool over = false; !over;) {
      const ssize_t got = receive(bytes.data(), bytes.size());
      over = got <= 0 || !read_list(bytes.data(), static_cast<std::size_t>(got), question_, found);
    }
  }
  return found;
}

std::ptrdiff_t TcpObserver::receive(void* to, std::size_t most) {
  for (;;)
    if (const ssize_t got = ::recv(link_.get(), to, most, 0); got >= 0 || errno != EINTR) return got;
}

bool TcpObserver::send(const void* message, std::size_t length) {
  if (!link_) link_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
  return link_ && ::send(link_.get(), message, length, 0) == static_cast<ssize_t>(length);
}

}  // namespace xsuperd::net
