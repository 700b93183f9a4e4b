// SPDX-License-Identifier: MIT
#include "config/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/address.hpp"

namespace xsuperd::config {

namespace {

bool is_host_name(std::string_view name) {
  const auto fits = [](char c) { return (base::lower(c) >= 'a' && base::lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; };
  return !name.empty() && name.size() <= longest_host_name && std::ranges::all_of(name, fits) && name.front() != '-';
}

/// Takes what stands behind the last `sign`; false when there is none.
bool split_off(std::string_view& rest, char sign, std::string_view& behind) {
  const std::size_t at = rest.rfind(sign);
  if (at == std::string_view::npos) return false;
  behind = rest.substr(at + 1);
  rest = rest.substr(0, at);
  return true;
}

}  // namespace

std::string_view read_host_and_port(std::string_view text, std::string& host, std::uint16_t& port) {
  std::string_view digits;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return "the bracket is not closed";
    host = text.substr(1, end - 1);
    const auto address = base::Address::parse(host);
    if (!address || address->family() != base::Address::Family::ipv6) return "an IPv6 address is expected in brackets";
    text.remove_prefix(end + 1);
    if (text.empty()) return {};
    if (!text.starts_with(':')) return "only :PORT may follow the bracket";
    digits = text.substr(1);
  } else {
    const bool has_port = split_off(text, ':', digits);
    host = text;
    if (!is_host_name(text)) return "the name of a host is expected, an IPv4 address, or an IPv6 address in brackets";
    if (!has_port) return {};
  }
  return read_plain_number(digits, 1, 65535, port) ? std::string_view() : "the port is not a number from 1 to 65535";
}

std::string in_brackets(const std::string& host) { return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host); }

}  // namespace xsuperd::config
