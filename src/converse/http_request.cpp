// SPDX-License-Identifier: MIT
#include "converse/http_request.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>

#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

namespace http = boost::beast::http;

namespace {

using State = HttpBeginning::State;

HttpBeginning refused(unsigned status) { return {.state = State::bad, .status = status, .size = 0, .request = {}}; }

std::string field(const http::request<http::empty_body>& message, http::field name) {
  // A field may come several times, which means a list.
  std::string all;
  const auto [first, last] = message.equal_range(name);
  for (auto one = first; one != last; ++one) all.append(all.empty() ? "" : ", ").append(one->value());
  return all;
}

/// Of a target in absolute form, as for a proxy (RFC 9112, 3.2.2), what is behind the host; any other as it is.
std::string_view without_origin(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!base::iequals(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t end = target.find_first_of("/?", scheme.size());
    return end == target.npos || target[end] == '?' ? "/" : target.substr(end);
  }
  return target;
}

HttpBeginning request_of(const http::request<http::empty_body>& message, bool keep_alive, std::size_t size) {
  if (message.method() != http::verb::get && message.method() != http::verb::head) return refused(405);
  HttpBeginning found{.state = State::whole, .status = 200, .size = size, .request = {}};
  const std::string_view target(message.target().data(), message.target().size());
  found.request.head = message.method() == http::verb::head;
  found.request.keep_alive = keep_alive;
  const std::string_view path = without_origin(target);
  found.request.path = path.substr(0, path.find('?'));
  found.request.accept = field(message, http::field::accept);
  found.request.accept_encoding = field(message, http::field::accept_encoding);
  return found;
}

/// The next element of a list, without blanks around it; `rest` is what follows.
std::string_view next_element(std::string_view& rest, char between) {
  const std::size_t end = rest.find(between);
  const std::string_view element = base::trim(rest.substr(0, end));
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return element;
}

/// In thousandths; what makes no sense counts as 1.
int quality_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = next_element(parameters, ';');
    if (one.size() < 3 || base::lower(one[0]) != 'q' || one[1] != '=') continue;
    if (one[2] != '0') return 1000;
    int value = 0, digits = 0;
    for (std::size_t i = 4; i < one.size() && digits < 3 && one[i] >= '0' && one[i] <= '9'; ++i, ++digits) value = value * 10 + (one[i] - '0');
    for (; digits < 3; ++digits) value *= 10;
    return value;
  }
  return 1000;
}

/// Of `word` in a list of preferences, or of what stands for all words; nothing when neither is there.
std::optional<int> quality_in(std::string_view list, std::string_view word, std::string_view all) {
  std::optional<int> found, common;
  while (!list.empty()) {
    std::string_view element = next_element(list, ',');
    const std::string_view name = next_element(element, ';');
    if (base::iequals(name, word)) found = std::max(found.value_or(0), quality_of(element));
    if (name == all) common = quality_of(element);
  }
  return found ? found : common;
}

}  // namespace

HttpBeginning parse_http_request(std::string_view bytes) {
  const bool full = bytes.size() >= longest_http_request;
  std::size_t before = 0;  // empty lines, which some send after a request (RFC 9112, 2.2)
  while (bytes.substr(before).starts_with("\r\n")) before += 2;
  bytes.remove_prefix(before);
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) return full ? refused(431) : HttpBeginning{};
  http::request_parser<http::empty_body> parser;
  parser.header_limit(longest_http_request);
  parser.body_limit(0);
  boost::system::error_code error;
  const std::size_t size = parser.put(boost::asio::buffer(bytes.data(), end + 4), error);
  if (error == http::error::body_limit) return refused(413);
  if (error == http::error::bad_version) return refused(505);
  if (error || !parser.is_header_done()) return refused(400);
  // Whoever sends a body after all is not understood from there on.
  if (parser.chunked() || parser.content_length_remaining().value_or(0) > 0) return refused(413);
  const auto& message = parser.get();
  if (message.version() == 11 && message.count(http::field::host) != 1) return refused(400);
  return request_of(message, parser.keep_alive(), before + size);
}

bool wants_open_metrics(std::string_view accept) {
  const int open = quality_in(accept, "application/openmetrics-text", "").value_or(0);
  const int plain = quality_in(accept, "text/plain", "").value_or(0);
  return open > 0 && open >= plain;
}

bool takes_gzip(std::string_view accept_encoding) { return quality_in(accept_encoding, "gzip", "*").value_or(0) > 0; }

bool decode_path(std::string_view part, std::string& to) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    unsigned value = static_cast<unsigned char>(part[i]);
    if (part[i] == '%') {
      if (i + 2 >= part.size()) return false;
      const auto high = base::hexadecimal_digit(part[i + 1]), low = base::hexadecimal_digit(part[i + 2]);
      if (!high || !low) return false;
      value = static_cast<unsigned>(*high << 4 | *low);
      i += 2;
    }
    if (value < 0x20 || value == 0x7f) return false;
    to += static_cast<char>(value);
  }
  return true;
}

}  // namespace xsuperd::converse
