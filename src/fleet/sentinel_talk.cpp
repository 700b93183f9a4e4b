// SPDX-License-Identifier: MIT
#include "fleet/sentinel_talk.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::fleet {

namespace {

constexpr std::chrono::seconds sentinel_patience{10};
constexpr std::size_t longest_quote = longest_text / 2;

/// Escapes count, too.
std::string quoted(std::string_view text) {
  std::string all = base::escaped(text, longest_quote);
  if (all.size() > longest_quote + 3) all.replace(longest_quote, all.npos, "...");
  return all;
}

}  // namespace

SentinelTalk::SentinelTalk(const Seek& seek, base::Moment now, Out& out)
    : primary_(seek.primary), out_(out), wants_password_(!seek.password.empty()), begun_(now) {
  if (wants_password_) put_command(out_.commands, "AUTH", seek.password);
  put_command(out_.commands, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", primary_);
}

void SentinelTalk::end(std::string why) {
  if (std::exchange(over_, true)) return;
  out_.words.emplace_back(Lost{std::move(why)});
}

void SentinelTalk::hear(std::string_view bytes) {
  if (over_) return;
  replies_.feed(bytes);
  while (!over_) {
    const auto reply = replies_.next();
    if (!reply) break;
    take(*reply);
  }
  if (replies_.broken()) end("its answers are not in the Redis protocol");
}

void SentinelTalk::tick(base::Moment now) {
  if (now - begun_ > sentinel_patience) end("it does not answer");
}

void SentinelTalk::take(const Reply& reply) {
  if (!std::exchange(wants_password_, false)) return take_place(reply);
  if (reply.is_error()) end(fmt::format("it refuses the password: {}", quoted(reply.text)));
}

/// An address and a port, both as texts.
void SentinelTalk::take_place(const Reply& reply) {
  if (reply.is_error()) return end(fmt::format("it says: {}", quoted(reply.text)));
  if (reply.kind == Reply::Kind::nothing) return end(fmt::format("it does not know a primary '{}'", primary_));
  const bool right = reply.kind == Reply::Kind::list && reply.list.size() == 2 && reply.list[0].is_text() && reply.list[1].is_text();
  const auto port = right ? base::parse_number(reply.list[1].text, 1, 65535) : std::nullopt;
  if (!port) return end("its answer makes no sense");
  const std::string& host = reply.list[0].text;
  // One with an interface would be looked up, for which this process may make no socket.
  const auto address = host.find('%') == std::string::npos ? base::Address::parse(host) : std::nullopt;
  if (!address) return end(fmt::format("it names the primary by '{}', which is not an IP address; it must announce addresses", quoted(host)));
  over_ = true;
  out_.words.emplace_back(Found{{address->unmapped(), static_cast<std::uint16_t>(*port)}});
}

}  // namespace xsuperd::fleet
