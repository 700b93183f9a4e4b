// SPDX-License-Identifier: MIT
#include "xsuperd/net/socket_state.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "net/socket_options.hpp"
#include "net/spec_words.hpp"
#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/lent_state.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::net {

namespace {

std::string bytes_of(int value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::optional<std::string> read(int fd, const SocketOption& row) {
  std::array<char, 64> value{};
  socklen_t length = value.size();
  if (::getsockopt(fd, row.level, row.option, value.data(), &length) != 0) return std::nullopt;
  return std::string(value.data(), std::min<std::size_t>(length, value.size()));
}

void write(int fd, const SocketOption& row, const std::string& value) {
  const auto set = [&](int option, const std::string& bytes) {
    return ::setsockopt(fd, row.level, option, bytes.data(), static_cast<socklen_t>(bytes.size())) == 0;
  };
  if (row.write == SocketOption::Write::switched) (void)set(row.option, bytes_of(1) + value.substr(sizeof(int)));
  if (row.write == SocketOption::Write::same || row.write == SocketOption::Write::switched) return (void)set(row.option, value);
  if (row.write != SocketOption::Write::half) return;
  // The kernel doubles what it is given, for its own use.
  int bytes = 0;
  std::memcpy(&bytes, value.data(), std::min(value.size(), sizeof bytes));
  if (!set(row.forced, bytes_of(bytes / 2))) (void)set(row.option, bytes_of(bytes / 2));
}

bool listens(const config::ListenSpec& spec) {
  return spec.socket_type == config::SocketType::stream || spec.socket_type == config::SocketType::seqpacket;
}

bool has_peer(int fd) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
}

int filter_of(int fd) {
  socklen_t length = 0;
  return ::getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &length) == 0 ? static_cast<int>(length) : -1;
}

bool troubled(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) != 0 && (state.revents & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL)) != 0;
}

/// tcp_info(7) of a listening socket counts connections that wait in one member, and the most that may in another.
std::optional<int> backlog_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || info.tcpi_state != TCP_LISTEN) return std::nullopt;
  return static_cast<int>(info.tcpi_sacked);
}

/// Of a socket bound to a link-local address, else 0.
int interface_of(int fd) {
  sockaddr_in6 at{};
  socklen_t length = sizeof at;
  const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length) == 0 && at.sin6_family == AF_INET6;
  return known ? static_cast<int>(at.sin6_scope_id) : 0;
}

void disconnect(int fd) {
  const sockaddr nobody{AF_UNSPEC, {}};
  (void)::connect(fd, &nobody, sizeof nobody);
}

/// Bounded, in case somebody fills it faster.
void take_errors(int fd) {
  std::array<char, 1> byte{};
  std::array<char, 512> control{};
  for (int i = 0; i < 4096; ++i) {
    iovec part{byte.data(), byte.size()};
    msghdr message{nullptr, 0, &part, 1, control.data(), control.size(), 0};
    if (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 && errno != EINTR) break;
  }
  int error = 0;
  socklen_t length = sizeof error;
  (void)::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

/// Makes sure that there is no program of SO_REUSEPORT. One that stays cannot be noticed otherwise.
bool without_program(int fd) {
  const int unused = 0;
  constexpr int detach = 68;  // SO_DETACH_REUSEPORT_BPF
  for (int i = 0; i < 2; ++i)
    if (::setsockopt(fd, SOL_SOCKET, detach, &unused, sizeof unused) != 0) return errno != EPERM;
  return false;
}

void replace(SocketState& state, SocketOption::Meaning meaning, int value) {
  const auto rows = socket_options();
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].meaning == meaning && state.options[i]) state.options[i] = bytes_of(value);
}

/// Where the socket is, and whether it listens.
std::string misplaced(int fd, const config::ListenSpec& spec) {
  const auto facts = facts_of(fd);
  if (!facts) return facts.error().sentence;
  // One of the system's choice goes when a socket is disconnected.
  const bool has_ports = facts->kind == config::ListenSpec::Kind::ip && (facts->type == SOCK_STREAM || facts->type == SOCK_DGRAM);
  return has_ports && facts->at.port == 0 ? "it no longer has a port" : misfit(*facts, spec);
}

}  // namespace

SocketState state_of(int fd) {
  SocketState state;
  for (const SocketOption& row : socket_options()) state.options.push_back(read(fd, row));
  state.flags = ::fcntl(fd, F_GETFL);
  state.owner = ::fcntl(fd, F_GETOWN);
  state.signal = ::fcntl(fd, F_GETSIG);
  state.filter = filter_of(fd);
  state.connected = has_peer(fd);
  state.troubled = troubled(fd);
  state.backlog = backlog_of(fd);
  return state;
}

namespace {
/// Of the same kind as that one, which a service manager has made.
base::Result<base::Fd> socket_like(int model, const config::ListenSpec& spec) {
  base::Fd fresh(::socket(number_option(model, SOL_SOCKET, SO_DOMAIN).value_or(0), number_option(model, SOL_SOCKET, SO_TYPE).value_or(0) | SOCK_CLOEXEC, number_option(model, SOL_SOCKET, SO_PROTOCOL).value_or(0)));
  if (!fresh) return base::system_error(errno, "socket creation");
  apply_options(fresh.get(), spec);
  return fresh;
}
}  // namespace

base::Result<SocketState> required_state(const config::ListenSpec& spec, int place) {
  int family = spec.ipv6 ? AF_INET6 : AF_INET;
  socklen_t length = sizeof family;
  (void)::getsockopt(place, SOL_SOCKET, SO_DOMAIN, &family, &length);
  auto fresh = spec.kind == config::ListenSpec::Kind::activated ? socket_like(place, spec) : new_socket(spec, family == AF_INET6);
  if (!fresh) return fresh.error();
  SocketState required = found_state(fresh->get(), spec);
  replace(required, SocketOption::Meaning::interface, interface_of(place));
  // That of a steered service may be locked, with the right filter.
  int locked = 0;
  length = sizeof locked;
  (void)::getsockopt(place, SOL_SOCKET, SO_LOCK_FILTER, &locked, &length);
  if (spec.shared_port) replace(required, SocketOption::Meaning::lock, locked);
  return required;
}

base::Result<SocketState> lent_state(const config::ListenSpec& spec, int place) {
  auto required = required_state(spec, place);
  if (!required) return required;
  const auto rows = socket_options();
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].meaning == SocketOption::Meaning::interface) required->options[i] = read(place, rows[i]);
  return required;
}

SocketState found_state(int fd, const config::ListenSpec& spec) {
  SocketState state = state_of(fd);
  replace(state, SocketOption::Meaning::shares_port, spec.shared_port);
  state.flags = O_RDWR | O_NONBLOCK;
  state.troubled = false;  // a stream that does not listen yet is hung up for poll(2)
  state.backlog = spec.backlog;
  return state;
}

std::string difference(const SocketState& is, const SocketState& required, const config::ListenSpec& spec) {
  const auto rows = socket_options();
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (is.options[i] != required.options[i]) return fmt::format("the option {}", rows[i].name);
  if (is.flags != required.flags) return "its file flags";
  if (is.owner != required.owner || is.signal != required.signal) return "the owner of its signals";
  if (!spec.shared_port && is.filter != required.filter) return "a filter";
  if (is.connected != required.connected) return "a peer that it is connected to";
  if (is.troubled != required.troubled) return "an error, or that it is shut down";
  // The kernel cuts a backlog down; only a smaller one can have been set by somebody else.
  if (is.backlog && required.backlog && *is.backlog > *required.backlog) return "its backlog";
  return {};
}

std::string tampered(int fd, const SocketState& required, const config::ListenSpec& spec) {
  std::string what = difference(state_of(fd), required, spec);
  return what.empty() ? misplaced(fd, spec) : what;
}

base::Result<void> bring_back(int fd, const SocketState& required, const config::ListenSpec& spec) {
  if (!listens(spec) && has_peer(fd)) disconnect(fd);
  const auto rows = socket_options();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].write == SocketOption::Write::always)
      write(fd, {.level = rows[i].level, .option = rows[i].option}, std::string(rows[i].size, '\0'));
    else if (required.options[i] && read(fd, rows[i]) != required.options[i])
      write(fd, rows[i], *required.options[i]);
  }
  (void)::fcntl(fd, F_SETFL, required.flags);
  (void)::fcntl(fd, F_SETOWN, 0);
  (void)::fcntl(fd, F_SETSIG, 0);
  if (!spec.shared_port && filter_of(fd) != 0) {
    const int unused = 0;
    (void)::setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
  }
  if (!spec.shared_port && !without_program(fd)) return base::Error{EPERM, "a program decides who can reach it"};
  take_errors(fd);
  join_again(fd, spec);
  if (std::string wrong = misplaced(fd, spec); !wrong.empty()) return base::Error{ENOTCONN, std::move(wrong)};
  (void)listen_on(fd, spec);  // the backlog
  if (std::string wrong = tampered(fd, required, spec); !wrong.empty())
    return base::Error{EPERM, fmt::format("{} cannot be restored", wrong)};
  return {};
}

bool anything_waits(int fd) {
  pollfd state{fd, POLLIN, 0};
  return ::poll(&state, 1, 0) != 0;
}

}  // namespace xsuperd::net
