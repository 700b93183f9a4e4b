// SPDX-License-Identifier: MIT
#include "xsuperd/config/store_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/host_port.hpp"
#include "config/values.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

constexpr std::string_view local_scheme = "redis:unix:", tcp_scheme = "redis://", tls_scheme = "rediss://";
constexpr std::uint16_t greatest_database = 9999;

base::Error wrong(std::string_view text, std::string_view what) { return {0, fmt::format("'{}': {}", base::escaped(text, 200), what)}; }

base::Result<StoreAddress> read_tcp(std::string_view text, bool tls) {
  StoreAddress address{.tls = tls};
  std::string_view rest = text.substr((tls ? tls_scheme : tcp_scheme).size());
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (!read_plain_number(rest.substr(slash + 1), 0, greatest_database, address.database)) return wrong(text, "what follows the slash is not a database number");
    rest = rest.substr(0, slash);
  }
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    address.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (address.user.find(':') != std::string::npos)
      return base::Error{0, "a password here would be seen by whoever sees the configuration; write it into a file for ban_share_password"};
    if (address.user.empty() || address.user.size() > longest_host_name) return wrong(text, "a user name is expected before the @");
  }
  if (const std::string_view trouble = read_host_and_port(rest, address.host, address.port); !trouble.empty()) return wrong(text, trouble);
  return address;
}

}  // namespace

std::string StoreAddress::text() const {
  if (!path.empty()) return fmt::format("{}{}", local_scheme, path);
  std::string all = fmt::format("{}{}{}{}", tls ? tls_scheme : tcp_scheme, user, user.empty() ? "" : "@", in_brackets(host));
  if (port != StoreAddress{}.port) all += fmt::format(":{}", port);
  if (database != 0) all += fmt::format("/{}", database);
  return all;
}

base::Result<StoreAddress> parse_store_address(std::string_view text) {
  if (text.starts_with(local_scheme)) {
    StoreAddress address{.path = std::string(text.substr(local_scheme.size()))};
    if (const auto trouble = values::local_name_trouble(address.path)) return base::Error{0, trouble->sentence};
    return address;
  }
  if (text.starts_with(tcp_scheme)) return read_tcp(text, false);
  if (text.starts_with(tls_scheme)) return read_tcp(text, true);
  return wrong(text, "redis:unix:PATH, redis://HOST or rediss://HOST is expected");
}

namespace values {

bool ban_share(const ValueContext& c, Settings& s, const Assignment& a) {
  Words all = s.ban_share && a.op != Operator::set ? *s.ban_share : Words{};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto address = parse_store_address(a.values[i].text);
    if (!address) return refused(c, a, i, "ban_share: " + address.error().sentence, "write redis:unix:/PATH, redis://HOST:PORT or rediss://HOST:PORT");
    std::erase(all, address->text());
    if (a.op != Operator::remove) all.push_back(address->text());
  }
  if (all.size() > most_store_addresses) return refused(c, a, 0, fmt::format("ban_share has {} addresses", all.size()), fmt::format("up to {} are tried", most_store_addresses));
  s.ban_share = std::move(all);
  return true;
}

}  // namespace values

bool can_share_bans() {
#ifdef XSUPERD_HAVE_HIREDIS
  return true;
#else
  return false;
#endif
}

}  // namespace xsuperd::config
