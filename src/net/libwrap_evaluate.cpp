// SPDX-License-Identifier: MIT
#include "net/libwrap_evaluate.hpp"

#ifdef XSUPERD_HAVE_LIBWRAP

#include <syslog.h>
#include <tcpd.h>

#include "xsuperd/base/library.hpp"

// The library expects its user to define these.
[[gnu::used]] int allow_severity = LOG_INFO;
[[gnu::used]] int deny_severity = LOG_WARNING;

namespace xsuperd::net {

bool libwrap_available() { return true; }

namespace wrap {

namespace {

/// What is used of libwrap.
struct Library {
  static constexpr const char* file = XSUPERD_LIBWRAP_FILE;
  decltype(&::request_init) init;
  decltype(&::sock_hostname) host_name;
  decltype(&::sock_hostaddr) host_address;
  decltype(&::hosts_access) access;
  decltype(&::hosts_allow_table) allow_table;
  decltype(&::hosts_deny_table) deny_table;

  void find(base::Library& in) {
    in.find("request_init", init).find("hosts_access", access);
    in.find("sock_hostname", host_name).find("sock_hostaddr", host_address);
    in.find("hosts_allow_table", allow_table).find("hosts_deny_table", deny_table);
  }
};

/// Points to `storage`, or to nothing for an end that is not known: then the library says "unknown".
sockaddr* sockaddr_of(const base::Endpoint& endpoint, sockaddr_storage& storage) {
  if (!endpoint.address.known()) return nullptr;
  base::fill_sockaddr(endpoint, endpoint.address.family() == base::Address::Family::ipv6, storage);
  return reinterpret_cast<sockaddr*>(&storage);
}

}  // namespace

base::Result<void> load(const LibwrapTables& tables) {
  const auto library = base::loaded_functions<Library>();
  if (!library) return library.error();
  // Copies that stay: the library keeps the pointers.
  static std::string allow, deny;
  allow = tables.allow;
  deny = tables.deny;
  *(*library)->allow_table = allow.data();
  *(*library)->deny_table = deny.data();
  return {};
}

bool evaluate(const std::string& daemon, const base::Endpoint& peer, const base::Endpoint& local,
              int connection) {
  const auto library = base::loaded_functions<Library>();
  if (!library) return false;
  std::string name = daemon;
  sockaddr_storage from, to;
  request_info request;
  (*library)->init(&request, RQ_FILE, connection, RQ_DAEMON, name.data(), RQ_CLIENT_SIN,
                    sockaddr_of(peer, from), RQ_SERVER_SIN, sockaddr_of(local, to), 0);
  request.hostname = (*library)->host_name;  // what the macro sock_methods() says
  request.hostaddr = (*library)->host_address;
  return (*library)->access(&request) != 0;
}

}  // namespace wrap

}  // namespace xsuperd::net

#else

namespace xsuperd::net {

bool libwrap_available() { return false; }

namespace wrap {

base::Result<void> load(const LibwrapTables&) { return base::Error{0, "xsuperd was built without libwrap"}; }

bool evaluate(const std::string&, const base::Endpoint&, const base::Endpoint&, int) { return false; }

}  // namespace wrap

}  // namespace xsuperd::net

#endif
