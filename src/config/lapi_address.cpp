// SPDX-License-Identifier: MIT
#include "xsuperd/config/lapi_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/host_port.hpp"
#include "config/values.hpp"

namespace xsuperd::config {

namespace {

constexpr std::string_view unix_lapi = "http:unix:", plain_lapi = "http://", tls_lapi = "https://";
constexpr std::size_t longest_base = 200;
constexpr std::uint16_t http_port = 80, https_port = 443;

base::Error no_lapi(std::string_view text, std::string_view what) { return {0, fmt::format("'{}': {}", base::escaped(text, 200), what)}; }

/// What may stand in a request as it is (RFC 3986, 3.3).
bool is_url_path(std::string_view path) {
  const auto fits = [](char c) {
    return (base::lower(c) >= 'a' && base::lower(c) <= 'z') || (c >= '0' && c <= '9') || std::string_view("/-._~%!$&'()*+,;=:@").find(c) != std::string_view::npos;
  };
  return path.size() <= longest_base && std::ranges::all_of(path, fits);
}

base::Result<LapiAddress> read_url(std::string_view text, bool tls) {
  LapiAddress address{.port = tls ? https_port : http_port, .tls = tls};
  std::string_view rest = text.substr((tls ? tls_lapi : plain_lapi).size());
  if (rest.find_first_of("?#") != rest.npos) return no_lapi(text, "neither a question mark nor a hash sign may follow");
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view base = rest.substr(slash);
  rest = rest.substr(0, slash);
  if (rest.find('@') != rest.npos) return base::Error{0, "a name or a password before an @ is not understood; the key stands in the file that follows"};
  if (const std::string_view trouble = read_host_and_port(rest, address.host, address.port); !trouble.empty()) return no_lapi(text, trouble);
  while (base.ends_with('/')) base.remove_suffix(1);
  if (!is_url_path(base)) return no_lapi(text, "what follows the host is not the path of a URL of at most 200 bytes");
  address.base = base;
  return address;
}

}  // namespace

std::string LapiAddress::authority() const {
  if (!path.empty()) return "localhost";
  const std::string name = in_brackets(host);
  return port == (tls ? https_port : http_port) ? name : fmt::format("{}:{}", name, port);
}

std::string LapiAddress::text() const {
  return path.empty() ? fmt::format("{}{}{}", tls ? tls_lapi : plain_lapi, authority(), base) : fmt::format("{}{}", unix_lapi, path);
}

base::Result<LapiAddress> parse_lapi_address(std::string_view text) {
  if (text.starts_with(unix_lapi)) {
    LapiAddress address{.path = std::string(text.substr(unix_lapi.size()))};
    if (const auto trouble = values::local_name_trouble(address.path)) return base::Error{0, trouble->sentence};
    return address;
  }
  if (text.starts_with(plain_lapi)) return read_url(text, false);
  if (text.starts_with(tls_lapi)) return read_url(text, true);
  return no_lapi(text, "http://HOST, https://HOST or http:unix:PATH is expected");
}

namespace values {

bool ban_crowdsec(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto address = parse_lapi_address(a.values[0].text);
  if (!address) return refused(c, a, 0, "ban_crowdsec: " + address.error().sentence, "write http://HOST:PORT, https://HOST:PORT or http:unix:/PATH");
  if (!a.values[1].text.starts_with('/'))
    return refused(c, a, 1, fmt::format("ban_crowdsec: the file with the key is not an absolute path: {}", a.values[1].text),
                   "write the key that cscli bouncers add prints into a file");
  s.ban_crowdsec = Words{address->text(), a.values[1].text};
  return true;
}

}  // namespace values

}  // namespace xsuperd::config
