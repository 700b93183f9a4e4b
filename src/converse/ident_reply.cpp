// SPDX-License-Identifier: MIT
#include "converse/ident_reply.hpp"

#include <charconv>

#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

namespace {

/// What stands before the next `mark`, without blanks around it; takes it and the mark off `rest`.
std::optional<std::string_view> field(std::string_view& rest, char mark) {
  const auto at = rest.find(mark);
  if (at == rest.npos) return std::nullopt;
  const std::string_view text = base::trim(rest.substr(0, at));
  rest.remove_prefix(at + 1);
  return text;
}

bool is_port(std::optional<std::string_view> text, std::uint16_t port) {
  if (!text) return false;
  std::uint16_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  return error == std::errc() && stop == end && value == port;
}

}  // namespace

std::optional<std::string> parse_ident_reply(std::string_view line, std::uint16_t peer_port,
                                             std::uint16_t local_port) {
  std::string_view rest = line.substr(0, line.find_first_of("\r\n"));
  auto ports = field(rest, ':');
  if (!ports || !is_port(field(*ports, ','), peer_port) || !is_port(base::trim(*ports), local_port))
    return std::nullopt;
  if (field(rest, ':') != "USERID") return std::nullopt;
  while (!rest.empty() && base::is_blank(rest.front())) rest.remove_prefix(1);
  return std::string(rest);
}

}  // namespace xsuperd::converse
