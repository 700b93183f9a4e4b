// SPDX-License-Identifier: MIT
#include "xsuperd/config/store_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "config/host_port.hpp"
#include "config/values.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

constexpr std::string_view local_scheme = "redis:unix:";
constexpr std::uint16_t greatest_database = 9999;

/// How an address by TCP begins, and what that says of it.
struct Scheme {
  std::string_view begin;
  bool tls;
  bool sentinel;
  [[nodiscard]] std::uint16_t port() const { return sentinel ? usual_sentinel_port : usual_store_port; }
};
constexpr std::array schemes{Scheme{"redis://", false, false}, Scheme{"rediss://", true, false}, Scheme{"sentinel://", false, true},
                             Scheme{"sentinels://", true, true}};

const Scheme& scheme_of(const StoreAddress& address) {
  return *std::ranges::find_if(schemes, [&](const Scheme& one) { return one.tls == address.tls && one.sentinel == !address.primary.empty(); });
}

base::Error wrong(std::string_view text, std::string_view what) { return {0, fmt::format("'{}': {}", base::escaped(text, 200), what)}; }

/// Takes what stands before the first slash, and the slash; nothing without one.
std::optional<std::string_view> before_slash(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view before = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return before;
}

bool is_primary_name(std::string_view name) {
  const auto fits = [](char c) { return (base::lower(c) >= 'a' && base::lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= longest_primary_name && std::ranges::all_of(name, fits);
}

/// /DB, or /NAME[/DB] for a Sentinel. What is wrong, or nothing. `rest` is then what stands before it.
std::string_view read_path(std::string_view& rest, bool sentinel, StoreAddress& to) {
  std::string_view path = rest;
  const auto before = before_slash(path);
  if (!before) return sentinel ? "the name of the primary is expected: sentinel://HOST/NAME" : "";
  rest = *before;
  if (sentinel) {
    std::string_view database = path;
    const auto name = before_slash(database);
    if (to.primary = name.value_or(path); !is_primary_name(to.primary))
      return "the name of the primary is not 1 to 64 letters, digits, dots, hyphens and underscores";
    if (!name) return {};
    path = database;
  }
  return read_plain_number(path, 0, greatest_database, to.database) ? "" : "what follows the slash is not a database number";
}

base::Result<StoreAddress> read_tcp(std::string_view text, const Scheme& scheme) {
  StoreAddress address{.port = scheme.port(), .tls = scheme.tls};
  std::string_view rest = text.substr(scheme.begin.size());
  if (const std::string_view trouble = read_path(rest, scheme.sentinel, address); !trouble.empty()) return wrong(text, trouble);
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
  const Scheme& scheme = scheme_of(*this);
  std::string all = fmt::format("{}{}{}{}", scheme.begin, user, user.empty() ? "" : "@", in_brackets(host));
  if (port != scheme.port()) all += fmt::format(":{}", port);
  if (!primary.empty()) all += fmt::format("/{}", primary);
  if (database != 0) all += fmt::format("/{}", database);
  return all;
}

base::Result<StoreAddress> parse_store_address(std::string_view text) {
  if (text.starts_with(local_scheme)) {
    StoreAddress address{.path = std::string(text.substr(local_scheme.size()))};
    if (const auto trouble = values::local_name_trouble(address.path)) return base::Error{0, trouble->sentence};
    return address;
  }
  for (const Scheme& one : schemes)
    if (text.starts_with(one.begin)) return read_tcp(text, one);
  return wrong(text, "redis:unix:PATH, redis://HOST, rediss://HOST, sentinel://HOST/NAME or sentinels://HOST/NAME is expected");
}

namespace values {

bool ban_share(const ValueContext& c, Settings& s, const Assignment& a) {
  Words all = s.ban_share && a.op != Operator::set ? *s.ban_share : Words{};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto address = parse_store_address(a.values[i].text);
    if (!address) return refused(c, a, i, "ban_share: " + address.error().sentence,
                     "write redis:unix:/PATH, redis://HOST:PORT, rediss://HOST:PORT, or sentinel://HOST:PORT/NAME for a Sentinel");
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
