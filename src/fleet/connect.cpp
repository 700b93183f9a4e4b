// SPDX-License-Identifier: MIT
#include "fleet/connect.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <utility>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/tls.hpp"
#include "xsuperd/fleet/words.hpp"
#include "xsuperd/net/local_connector.hpp"
#include "xsuperd/tls/offer.hpp"

namespace xsuperd::fleet {

namespace {

constexpr std::chrono::milliseconds patience{5000};  ///< for each address
constexpr std::size_t largest_file = 2 * 1024 * 1024;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

base::Result<std::string> contents(const std::string& path, std::size_t most) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // nobody waits for the other end of a FIFO
  if (!file) return base::system_error(errno, fmt::format("can't open {}", path));
  std::string text;
  std::array<char, 16 * 1024> piece{};
  ssize_t got = 0;
  while ((got = ::read(file.get(), piece.data(), piece.size())) > 0 && text.size() <= most) text.append(piece.data(), static_cast<std::size_t>(got));
  if (got < 0) return base::system_error(errno, fmt::format("can't read {}", path));
  if (text.size() > most) return base::Error{0, fmt::format("{} is longer than {} bytes", path, most)};
  return text;
}

/// A connection for each of these is wanted.
using Wanted = std::initializer_list<base::Fd*>;

base::Result<Addresses> addresses_of(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) return base::Error{0, fmt::format("{} has no address: {}", host, ::gai_strerror(error))};
  return Addresses(list);
}

/// 0, or errno.
int outcome_of(int socket) {
  pollfd wait{socket, POLLOUT, 0};
  const int ready = ::poll(&wait, 1, static_cast<int>(patience.count()));
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (ready < 0 || ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

base::Fd connected(const addrinfo& to, int& error) {
  base::Fd socket(::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  error = 0;
  if (!socket || (::connect(socket.get(), to.ai_addr, to.ai_addrlen) != 0)) error = errno;
  if (socket && error == EINPROGRESS) error = outcome_of(socket.get());
  if (error != 0) return {};
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  return socket;
}

base::Result<void> connect_tcp(const std::string& host, std::uint16_t port, Wanted wanted) {
  const auto addresses = addresses_of(host, port);
  if (!addresses) return addresses.error();
  int error = EHOSTUNREACH;
  for (const addrinfo* one = addresses->get(); one; one = one->ai_next) {
    if (std::ranges::all_of(wanted, [&](base::Fd* each) { return static_cast<bool>(*each = connected(*one, error)); })) return {};
  }
  return base::Error{error, base::errno_text(error)};
}

base::Result<void> connect_locally(const std::string& path, Wanted wanted) {
  for (base::Fd* each : wanted) {
    net::LocalConnection made = net::connect_locally({path, std::nullopt});
    if (!made.fd) return base::Error{made.error, base::errno_text(made.error)};
    *each = std::move(made.fd);
  }
  return {};
}

/// In memory, because it may be longer than a message; nothing without TLS.
base::Result<base::Fd> offer_for(bool with_tls, const std::string& host, const std::string& authorities) {
  if (!with_tls) return base::Fd();
  const auto trusted = contents(authorities, largest_file);
  if (!trusted) return trusted.error();
  tls::Offer offer;
  offer.side = tls::Side::calls;
  offer.host = host;
  offer.client_certificate = tls::ClientCertificate::required;
  offer.client_ca = tls::pem_blocks(*trusted);
  if (offer.client_ca.empty()) return base::Error{0, fmt::format("{} contains no certificates", authorities)};
  const std::string text = tls::encode(offer);
  base::Fd file(::memfd_create("xsuperd-fleet", MFD_CLOEXEC));
  if (!file || ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return base::system_error(errno, "can't make a file in memory");
  return file;
}

/// Without its end; empty where there are not that many lines. `number`: 1 or 2.
base::Result<std::string> line_in(const std::string& path, int number) {
  auto text = contents(path, 16 * longest_secret);
  if (!text) return text.error();
  if (number == 2) text->erase(0, text->find('\n') == std::string::npos ? text->size() : text->find('\n') + 1);
  text->resize(std::min(text->size(), text->find_first_of("\r\n")));
  return text;
}

/// What the password file says to Sentinels: its second line, which need not be there.
base::Result<std::string> second_line_in(const std::string& path) {
  auto line = line_in(path, 2);
  if (line && line->size() > longest_secret) return base::Error{0, fmt::format("the second line of {} is longer than {} bytes", path, longest_secret)};
  return line;
}

/// Is the other end at a loopback address?
bool leads_here(int socket) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
  const base::Address address = base::endpoint_of(peer).address.unmapped();
  return address.family() == base::Address::Family::ipv4 ? address.bytes()[0] == 127 : address == base::Address::parse("::1");
}

/// The first line; `what` it is to be is for the error.
base::Result<std::string> secret_in(const std::string& path, std::string_view what) {
  auto line = line_in(path, 1);
  if (line && (line->empty() || line->size() > longest_secret))
    return base::Error{0, fmt::format("the first line of {} is not a {} of 1 to {} bytes", path, what, longest_secret)};
  return line;
}

/// What stands in a header field must not end it.
base::Result<std::string> key_in(const std::string& path) {
  auto key = secret_in(path, "key");
  if (key && !std::ranges::all_of(*key, [](char c) { return c > ' ' && c < 0x7f; }))
    return base::Error{0, fmt::format("the first line of {} has blanks or other characters that no key has", path)};
  return key;
}

/// Connects to what is at an address of any kind, once for each of `wanted`; with TLS its offer is in `offer` then.
template <typename Address>
base::Result<void> reach(const Address& address, const std::string& authorities, base::Fd& offer, Wanted wanted) {
  auto made = offer_for(address.tls, address.host, authorities);
  if (!made) return made.error();
  offer = std::move(*made);
  return address.path.empty() ? connect_tcp(address.host, address.port, wanted) : connect_locally(address.path, wanted);
}

}  // namespace

base::Result<Introduction> introduce(const config::StoreAddress& address, const std::string& password, const std::string& authorities) {
  auto secret = password.empty() ? base::Result<std::string>(std::string()) : secret_in(password, "password");
  if (!secret) return secret.error();
  Introduction made{.commands = {}, .listening = {}, .password = std::move(*secret), .offer = {}};
  if (const auto there = reach(address, authorities, made.offer, {&made.commands, &made.listening}); !there) return there.error();
  return made;
}

base::Result<Enquiry> enquire(const config::StoreAddress& sentinel, const std::string& password, const std::string& authorities) {
  auto secret = password.empty() ? base::Result<std::string>(std::string()) : second_line_in(password);
  if (!secret) return secret.error();
  Enquiry made{.connection = {}, .password = std::move(*secret), .offer = {}};
  if (const auto there = reach(sentinel, authorities, made.offer, {&made.connection}); !there) return there.error();
  made.here = leads_here(made.connection.get());
  return made;
}

base::Result<Approach> approach(const config::LapiAddress& address, const std::string& key, const std::string& authorities) {
  auto secret = key_in(key);
  if (!secret) return secret.error();
  Approach made{.connection = {}, .key = std::move(*secret), .offer = {}};
  if (const auto there = reach(address, authorities, made.offer, {&made.connection}); !there) return there.error();
  return made;
}

}  // namespace xsuperd::fleet
