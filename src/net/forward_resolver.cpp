// SPDX-License-Identifier: MIT
#include "xsuperd/net/forward_resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace xsuperd::net {

std::vector<base::Endpoint> resolve_target(const std::string& host, std::uint16_t port) {
  // An empty name and one with a NUL byte in it are no names, whatever C makes of them.
  if (host.empty() || host.find('\0') != std::string::npos) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::vector<base::Endpoint> targets;
  for (const addrinfo* a = list; a; a = a->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, a->ai_addr, std::min<std::size_t>(a->ai_addrlen, sizeof storage));
    const base::Endpoint target{base::endpoint_of(storage).address, port};
    const bool taken = std::find(targets.begin(), targets.end(), target) != targets.end();
    if (target.address.known() && !taken) targets.push_back(target);
  }
  return targets;
}

}  // namespace xsuperd::net
