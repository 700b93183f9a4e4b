// SPDX-License-Identifier: MIT
#include "xsuperd/config/store_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/values.hpp"
#include "xsuperd/base/address.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

constexpr std::string_view local_scheme = "redis:unix:", tcp_scheme = "redis://", tls_scheme = "rediss://";
constexpr std::size_t longest_name = 253;
constexpr std::uint16_t greatest_database = 9999;

base::Error wrong(std::string_view text, std::string_view what) { return {0, fmt::format("'{}': {}", base::escaped(text, 200), what)}; }

/// Digits and no sign.
template <typename Number>
bool number(std::string_view text, long long least, long long most, Number& to) {
  const auto value = text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })
                         ? std::nullopt
                         : base::parse_number(text, least, most);
  if (value) to = static_cast<Number>(*value);
  return value.has_value();
}

bool is_host_name(std::string_view name) {
  const auto fits = [](char c) { return (base::lower(c) >= 'a' && base::lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; };
  return !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, fits) && name.front() != '-';
}

/// Takes what stands behind the last `sign`; false when there is none.
bool split_off(std::string_view& rest, char sign, std::string_view& behind) {
  const std::size_t at = rest.rfind(sign);
  if (at == std::string_view::npos) return false;
  behind = rest.substr(at + 1);
  rest = rest.substr(0, at);
  return true;
}

std::string_view read_place(std::string_view rest, StoreAddress& to) {
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return "the bracket is not closed";
    to.host = rest.substr(1, end - 1);
    const auto address = base::Address::parse(to.host);
    if (!address || address->family() != base::Address::Family::ipv6) return "an IPv6 address is expected in brackets";
    rest.remove_prefix(end + 1);
    if (rest.empty()) return {};
    if (!rest.starts_with(':')) return "only :PORT may follow the bracket";
    port = rest.substr(1);
  } else {
    const bool has_port = split_off(rest, ':', port);
    to.host = rest;
    if (!is_host_name(rest)) return "the name of a host is expected, an IPv4 address, or an IPv6 address in brackets";
    if (!has_port) return {};
  }
  return number(port, 1, 65535, to.port) ? std::string_view() : "the port is not a number from 1 to 65535";
}

base::Result<StoreAddress> read_tcp(std::string_view text, bool tls) {
  StoreAddress address{.tls = tls};
  std::string_view rest = text.substr((tls ? tls_scheme : tcp_scheme).size());
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (!number(rest.substr(slash + 1), 0, greatest_database, address.database)) return wrong(text, "what follows the slash is not a database number");
    rest = rest.substr(0, slash);
  }
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    address.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (address.user.find(':') != std::string::npos)
      return base::Error{0, "a password here would be seen by whoever sees the configuration; write it into a file for ban_share_password"};
    if (address.user.empty() || address.user.size() > longest_name) return wrong(text, "a user name is expected before the @");
  }
  if (const std::string_view trouble = read_place(rest, address); !trouble.empty()) return wrong(text, trouble);
  return address;
}

}  // namespace

std::string StoreAddress::text() const {
  if (!path.empty()) return fmt::format("{}{}", local_scheme, path);
  const bool brackets = host.find(':') != std::string::npos;
  std::string all = fmt::format("{}{}{}{}{}{}", tls ? tls_scheme : tcp_scheme, user, user.empty() ? "" : "@", brackets ? "[" : "", host, brackets ? "]" : "");
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
