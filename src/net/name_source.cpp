// SPDX-License-Identifier: MIT
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "xsuperd/base/text.hpp"
#include "xsuperd/net/resolver.hpp"

namespace xsuperd::net {

namespace {

constexpr std::size_t most_candidates = 8;
constexpr std::size_t most_claimed = 64;
constexpr std::size_t longest_name = 253;  // RFC 1035, as text

class SystemNames final : public NameSource {
 public:
  // Not getnameinfo(3): it asks the same, and keeps the aliases to itself.
  std::vector<std::string> names_of(const base::Address& address) override {
    const bool ipv4 = address.family() == base::Address::Family::ipv4;
    std::vector<char> space(1024);
    while (true) {
      hostent entry{};
      hostent* found = nullptr;
      int reason = 0;
      const int error = ::gethostbyaddr_r(address.bytes().data(), ipv4 ? 4 : 16, ipv4 ? AF_INET : AF_INET6,
                                          &entry, space.data(), space.size(), &found, &reason);
      if (error == ERANGE && space.size() < 64 * 1024) {
        space.resize(space.size() * 2);
        continue;
      }
      if (error == 0 && found) return all_names(*found);
      // That there is none has to be said by somebody: all else is a failure, hostile answers too.
      if (error != ERANGE && (reason == HOST_NOT_FOUND || reason == NO_DATA)) return {};
      throw LookUpFailed("gethostbyaddr_r");
    }
  }

  std::vector<base::Address> addresses_of(const std::string& name, base::Address::Family family) override {
    addrinfo hints{};
    hints.ai_family = family == base::Address::Family::ipv4 ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
    if (error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY) return {};
    if (error != 0) throw LookUpFailed(::gai_strerror(error));
    std::vector<base::Address> addresses;
    for (const addrinfo* a = list; a; a = a->ai_next) {
      sockaddr_storage storage{};
      std::memcpy(&storage, a->ai_addr, std::min<std::size_t>(a->ai_addrlen, sizeof storage));
      addresses.push_back(base::endpoint_of(storage).address);
    }
    ::freeaddrinfo(list);
    return addresses;
  }

 private:
  static std::vector<std::string> all_names(const hostent& entry) {
    std::vector<std::string> names;
    if (entry.h_name) names.emplace_back(entry.h_name);
    for (char** alias = entry.h_aliases; alias && *alias; ++alias) names.emplace_back(*alias);
    return names;
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
}

/// Would a look-up take the name for an address, and so confirm it without asking anybody? What inet_aton(3)
/// reads ends in a number, decimal or hexadecimal; no top-level domain does.
bool reads_as_address(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return last.starts_with("0x") || std::all_of(last.begin(), last.end(), is_digit);
}

std::string tidied(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > longest_name) return {};
  std::string tidy = base::to_lower(name);
  const bool good = std::all_of(tidy.begin(), tidy.end(), is_name_byte) && !reads_as_address(tidy);
  return good ? tidy : std::string();
}

/// A name server does not know our interfaces: an answer without scope stands for every scope.
bool same_host(const base::Address& answer, const base::Address& peer) {
  return answer == peer ||
         (answer.family() == peer.family() && answer.scope() == 0 && answer.bytes() == peer.bytes());
}

}  // namespace

std::shared_ptr<NameSource> system_names() { return std::make_shared<SystemNames>(); }

namespace {

/// The end of a long name is kept: it tells the domain.
std::string claim(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > longest_name) name.remove_prefix(name.size() - longest_name);
  return base::to_lower(name);
}

bool leads_back(NameSource& source, const std::string& name, const base::Address& address) {
  try {
    const auto addresses = source.addresses_of(name, address.family());
    return std::any_of(addresses.begin(), addresses.end(), [&](const auto& a) { return same_host(a, address); });
  } catch (const LookUpFailed&) {
    return false;  // it stays a claim
  }
}

bool add_once(std::vector<std::string>& names, std::string name) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return false;
  names.push_back(std::move(name));
  return true;
}

}  // namespace

base::PeerName peer_name(NameSource& source, const base::Address& address, const std::function<bool()>& go_on) {
  using State = base::PeerName::State;
  base::PeerName result;
  std::vector<std::string> found;
  try {
    found = source.names_of(address);
  } catch (const LookUpFailed&) {
    return {State::failed};
  }
  std::vector<std::string> candidates;
  for (const auto& name : found) {
    if (candidates.size() < most_candidates) add_once(candidates, tidied(name));
    if (result.claimed.size() < most_claimed) add_once(result.claimed, claim(name));
  }
  for (const auto& name : candidates)
    if (go_on() && leads_back(source, name, address)) result.names.push_back(name);
  std::erase_if(result.claimed, [&](const std::string& name) {
    return std::find(result.names.begin(), result.names.end(), name) != result.names.end();
  });
  result.state = found.size() > most_claimed ? State::failed : result.names.empty() ? State::unknown : State::known;
  return result;
}

}  // namespace xsuperd::net
