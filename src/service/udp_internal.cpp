// SPDX-License-Identifier: MIT
#include "xsuperd/service/udp_internal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace xsuperd::service {

namespace {

using Buffer = std::span<char, udp_room>;

constexpr std::string_view months[]{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                    "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::size_t chargen_size = 1024;
constexpr std::size_t line_length = 72;  // without CR and LF
constexpr unsigned lines = 95;           // after which the pattern begins again (fact B9.23)
constexpr unsigned characters = 93;      // '!' to '}'
constexpr std::int64_t seconds_1900_to_1970 = 2'208'988'800;

std::int64_t unix_seconds(base::WallTime when) {
  return std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count();
}

std::string_view daytime(Buffer buffer, base::WallTime now) {
  const std::time_t seconds = unix_seconds(now);
  std::tm t{};
  ::localtime_r(&seconds, &t);
  const auto end =
      fmt::format_to_n(buffer.data(), buffer.size(), "{:02} {} {} {:02}:{:02}:{:02} {}\r\n", t.tm_mday,
                       months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec, t.tm_zone);
  return {buffer.data(), std::min(end.size, buffer.size())};
}

std::string_view time(Buffer buffer, base::WallTime now) {
  const auto since_1900 = static_cast<std::uint32_t>(unix_seconds(now) + seconds_1900_to_1970);
  for (unsigned i = 0; i < 4; ++i) buffer[i] = static_cast<char>(since_1900 >> (24 - 8 * i) & 0xff);
  return {buffer.data(), 4};
}

/// As many bytes as the request has, in whole lines, but one line at least: who forges the address of another cannot have
/// much more sent there than he sends himself. RFC 864 leaves the length open. For 1024 bytes and more, full lines and one
/// that is cut so that its CR and LF are the last of the 1024 (fact B9.16).
std::size_t chargen_length(std::size_t request) {
  constexpr std::size_t full_line = line_length + 2;
  if (request >= chargen_size) return chargen_size;
  return std::max(full_line, request / full_line * full_line);
}

std::string_view chargen(Buffer buffer, std::size_t request, ChargenPosition& position) {
  const std::size_t size = chargen_length(request);
  std::size_t at = 0;
  while (at < size) {
    const std::size_t length = std::min(line_length, size - at - 2);
    for (std::size_t i = 0; i < length; ++i)
      buffer[at++] = static_cast<char>('!' + (position.line + i) % characters);
    buffer[at++] = '\r';
    buffer[at++] = '\n';
    position.line = (position.line + 1) % lines;
  }
  return {buffer.data(), at};
}

}  // namespace

std::optional<std::string_view> udp_answer(std::string_view name, std::string_view request, Buffer buffer,
                                           base::WallTime now, ChargenPosition& position) {
  if (name == "echo") return request.substr(0, udp_room);
  if (name == "chargen") return chargen(buffer, request.size(), position);
  if (name == "daytime") return daytime(buffer, now);
  if (name == "time") return time(buffer, now);
  return std::nullopt;
}

bool may_answer(const base::Endpoint& peer, std::span<const std::uint16_t> own_ports) {
  const bool own = std::ranges::find(own_ports, peer.port) != own_ports.end();
  return peer.port >= 1024 && !own && base::is_unicast(peer.address);
}

}  // namespace xsuperd::service
