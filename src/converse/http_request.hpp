// SPDX-License-Identifier: MIT
// Requests of HTTP/1.x, as far as metrics and dashboard take them. Internal to converse.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xsuperd::converse {

/// Bytes of the longest request: its line and all its fields.
inline constexpr std::size_t longest_http_request = 8 * 1024;

/// What is looked at of a request.
struct HttpRequest {
  bool head = false;         ///< HEAD, else GET
  bool keep_alive = false;   ///< the connection is to stay open afterwards
  std::string path;          ///< of the target, up to a '?', as the peer wrote it
  std::string accept;
  std::string accept_encoding;
  bool operator==(const HttpRequest&) const = default;
};

/// What stands at the front of what has come.
struct HttpBeginning {
  enum class State : std::uint8_t {
    incomplete,
    whole,  ///< a request that can be answered
    bad,    ///< one that cannot: `status` says why, and nothing behind it counts
  };
  State state = State::incomplete;
  unsigned status = 400;
  std::size_t size = 0;  ///< whole: how many bytes it has
  HttpRequest request;
};

/// Pure: the same bytes give the same. One that is not complete costs a search for its end.
[[nodiscard]] HttpBeginning parse_http_request(std::string_view bytes);

/// Does a peer that wrote this field Accept rather have OpenMetrics than plain text (RFC 9110, 12.5.1)? Pure.
[[nodiscard]] bool wants_open_metrics(std::string_view accept);
/// Does it take gzip (RFC 9110, 12.5.3)? Pure.
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding);
/// Undoes %XX in one part of a path. False when that is nonsense, or gives a control character. Pure.
[[nodiscard]] bool decode_path(std::string_view part, std::string& to);

}  // namespace xsuperd::converse
