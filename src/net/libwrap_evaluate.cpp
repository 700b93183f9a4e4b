// SPDX-License-Identifier: MIT
#include "net/libwrap_evaluate.hpp"

#ifdef XSUPERD_HAVE_LIBWRAP

#include <syslog.h>
#include <tcpd.h>

// The library expects its user to define these.
int allow_severity = LOG_INFO;
int deny_severity = LOG_WARNING;

namespace xsuperd::net {

bool libwrap_available() { return true; }

namespace wrap {

namespace {

/// Points to `storage`, or to nothing for an end that is not known: then the library says "unknown".
sockaddr* sockaddr_of(const base::Endpoint& endpoint, sockaddr_storage& storage) {
  if (!endpoint.address.known()) return nullptr;
  base::fill_sockaddr(endpoint, endpoint.address.family() == base::Address::Family::ipv6, storage);
  return reinterpret_cast<sockaddr*>(&storage);
}

}  // namespace

void use_tables(const LibwrapTables& tables) {
  // Copies that stay: the library keeps the pointers.
  static std::string allow, deny;
  allow = tables.allow;
  deny = tables.deny;
  hosts_allow_table = allow.data();
  hosts_deny_table = deny.data();
}

bool evaluate(const std::string& daemon, const base::Endpoint& peer, const base::Endpoint& local,
              int connection) {
  std::string name = daemon;
  sockaddr_storage from, to;
  request_info request;
  request_init(&request, RQ_FILE, connection, RQ_DAEMON, name.data(), RQ_CLIENT_SIN, sockaddr_of(peer, from),
               RQ_SERVER_SIN, sockaddr_of(local, to), 0);
  sock_methods(&request);
  return hosts_access(&request) != 0;
}

}  // namespace wrap

}  // namespace xsuperd::net

#else

namespace xsuperd::net {

bool libwrap_available() { return false; }

namespace wrap {

void use_tables(const LibwrapTables&) {}

bool evaluate(const std::string&, const base::Endpoint&, const base::Endpoint&, int) { return false; }

}  // namespace wrap

}  // namespace xsuperd::net

#endif
