// SPDX-License-Identifier: MIT
#include "xsuperd/config/names.hpp"

#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "xsuperd/base/environment.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/filter.hpp"

namespace xsuperd::config {

namespace {
/// Calls a reentrant look-up with a buffer that grows until the entry fits.
template <typename Entry, typename Call>
bool look_up(Entry& entry, std::vector<char>& buffer, Call call) {
  for (buffer.resize(1024); buffer.size() <= (1u << 20); buffer.resize(buffer.size() * 4)) {
    Entry* found = nullptr;
    const int error = call(&entry, buffer.data(), buffer.size(), &found);
    if (error != ERANGE) return error == 0 && found != nullptr;
  }
  return false;
}

std::optional<Names::UserEntry> user_entry(bool found, const passwd& entry) {
  if (!found) return std::nullopt;
  return Names::UserEntry{entry.pw_name, entry.pw_uid, entry.pw_gid};
}
}  // namespace

std::optional<std::vector<gid_t>> groups_of_user(Names& names, uid_t uid) {
  const auto user = names.user(uid);
  return user ? std::optional(names.groups_of(user->name, user->gid)) : std::nullopt;
}

SystemNames::SystemNames() {
  for (char** variable = environ; variable && *variable; ++variable)
    if (!base::is_for_daemon_alone(*variable)) environment_.emplace_back(*variable);
}

std::optional<Names::UserEntry> SystemNames::user(const std::string& name) {
  passwd entry{};
  std::vector<char> buffer;
  return user_entry(look_up(entry, buffer, [&](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); }), entry);
}

std::optional<Names::UserEntry> SystemNames::user(uid_t uid) {
  passwd entry{};
  std::vector<char> buffer;
  return user_entry(look_up(entry, buffer, [&](auto... rest) { return ::getpwuid_r(uid, rest...); }), entry);
}

std::optional<gid_t> SystemNames::group(const std::string& name) {
  ::group entry{};
  std::vector<char> buffer;
  if (!look_up(entry, buffer, [&](auto... rest) { return ::getgrnam_r(name.c_str(), rest...); })) return std::nullopt;
  return entry.gr_gid;
}

std::vector<gid_t> SystemNames::groups_of(const std::string& user, gid_t gid) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(user.c_str(), gid, groups.data(), &count) < 0) {
    if (count <= static_cast<int>(groups.size())) count = static_cast<int>(groups.size()) * 2;
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

std::optional<std::uint16_t> SystemNames::service_port(const std::string& name, const std::string& protocol) {
  servent entry{};
  std::vector<char> buffer;
  if (!look_up(entry, buffer,
               [&](auto... rest) { return ::getservbyname_r(name.c_str(), protocol.c_str(), rest...); }))
    return std::nullopt;
  return ntohs(static_cast<std::uint16_t>(entry.s_port));
}

std::optional<int> SystemNames::protocol(const std::string& name) {
  protoent entry{};
  std::vector<char> buffer;
  if (look_up(entry, buffer, [&](auto... rest) { return ::getprotobyname_r(name.c_str(), rest...); }))
    return entry.p_proto;
  // A container often has no /etc/protocols, and these two numbers are no secret.
  if (name == "tcp") return IPPROTO_TCP;
  if (name == "udp") return IPPROTO_UDP;
  return std::nullopt;
}

std::optional<std::uint32_t> SystemNames::rpc_number(const std::string& name) {
  rpcent entry{};
  std::vector<char> buffer;
  if (!look_up(entry, buffer, [&](auto... rest) { return ::getrpcbyname_r(name.c_str(), rest...); }))
    return std::nullopt;
  return static_cast<std::uint32_t>(entry.r_number);
}

std::optional<std::uint32_t> SystemNames::network(const std::string& name) {
  netent entry{};
  std::vector<char> buffer;
  int herrno = 0;
  if (!look_up(entry, buffer, [&](netent* e, char* b, std::size_t n, netent** found) {
        return ::getnetbyname_r(name.c_str(), e, b, n, found, &herrno);
      }))
    return std::nullopt;
  return entry.n_net;
}

std::vector<base::Address> SystemNames::host(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // one answer an address, not one a socket type
  addrinfo* list = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  std::vector<base::Address> addresses;
  for (const addrinfo* one = list; one; one = one->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, one->ai_addr, one->ai_addrlen);
    const base::Address address = base::endpoint_of(storage).address;
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

bool SystemNames::system_call(const std::string& name) { return box::is_system_call(name).value_or(true); }

}  // namespace xsuperd::config
