// SPDX-License-Identifier: MIT
// What passes between the daemon and the process for ban_share and ban_crowdsec, and what a store or a Local API answers. The first byte says which.
#include <algorithm>

#include "fleet/decisions.hpp"
#include "fleet/entry.hpp"
#include "fleet/go_duration.hpp"
#include "fleet/lapi_talk.hpp"
#include "fleet/replies.hpp"
#include "fleet/store_talk.hpp"
#include "fuzz/target.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/fleet/words.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using fuzz::must;

namespace {

template <typename Message>
void again(const std::optional<Message>& message, std::optional<Message> (*decode)(std::string_view)) {
  if (!message) return;
  const std::string bytes = encode(*message);
  must(bytes.size() <= longest_message);
  must(decode(bytes) == message);
}

void check(const policy::Network& peer) {
  must(peer.address.is_ip() && peer.address.scope() == 0 && peer == policy::Network::of(peer.address, peer.length));
}

void check_text(const std::string& text) { must(text.size() <= longest_text && base::is_plain(text)); }

/// A change, a count, or a question for the time.
void order(StoreTalk& talk, std::string_view piece, base::Moment now) {
  const auto peer = *policy::Network::parse("192.0.2.7");
  const std::size_t first = piece.empty() ? 0 : static_cast<unsigned char>(piece.front());
  if (first == 1) return talk.order(Count{Count::What::admitted, std::string(piece.substr(1, longest_text)), peer, 60, piece.size(), -1}, now);
  if (first == 2) return talk.order(AskTime{}, now);
  talk.order(Add{peer, 60, std::string(piece)}, now);
}

/// Whatever the store says, in pieces, while changes and counts are told to it.
void talk(std::string_view bytes) {
  StoreTalk::Out out;
  base::Moment now{std::chrono::hours(1)};
  StoreTalk talk({.host = "alpha", .self = 1, .password = "x"}, now, out);
  std::size_t lost = 0;
  while (!bytes.empty()) {
    const auto choice = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const std::string_view piece = bytes.substr(0, choice >> 2);
    bytes.remove_prefix(piece.size());
    now += std::chrono::milliseconds(100);
    switch (choice & 3) {
      case 0: talk.hear_commands(piece, now); break;
      case 1: talk.hear_listening(piece, now); break;
      case 2: order(talk, piece, now); break;
      default: talk.go_on(now), talk.tick(now);
    }
    for (const Word& word : out.words) {
      if (const auto* heard = std::get_if<Heard>(&word)) check(heard->peer), check_text(heard->host), check_text(heard->reason), must(heard->seconds <= most_seconds);
      if (const auto* lifted = std::get_if<Lifted>(&word)) check(lifted->peer);
      if (const auto* counted = std::get_if<Counted>(&word)) must(counted->now <= most_counted && counted->before <= most_counted);
      lost += std::holds_alternative<Lost>(word) ? 1 : 0;
      must(encode(word).size() <= longest_message && decode_word(encode(word)).has_value());
    }
    must(lost <= 1 && (lost == 1) == talk.over());
    out = {};
  }
}

/// What the daemon would be told of CrowdSec.
void check_decided(const Word& word) {
  must(source_of(word) == Source::crowdsec && decode_word(encode(word)) == word);
  if (const auto* heard = std::get_if<Heard>(&word)) check(heard->peer), check_text(heard->reason), must(heard->host.empty() && heard->seconds <= most_seconds);
  if (const auto* lifted = std::get_if<Lifted>(&word)) check(lifted->peer);
}

/// A text that says the same however it is cut.
void decisions(std::string_view text) {
  Decisions at_once, in_pieces;
  const bool good = at_once.feed(text) && at_once.finish();
  bool too = true;
  for (; too && !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 3))) too = in_pieces.feed(text.substr(0, 3));
  must((too && in_pieces.finish()) == good);
  while (const auto word = at_once.next(1)) {
    check_decided(*word);
    must(in_pieces.next(1) == word);
  }
}

/// Whatever a Local API says, in pieces, at whatever time.
void lapi(std::string_view bytes) {
  LapiTalk::Out out;
  base::Moment now{std::chrono::hours(1)};
  LapiTalk talk({.host = "lapi", .key = "x"}, now, out);
  std::size_t lost = 0;
  while (!bytes.empty()) {
    const auto choice = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const std::string_view piece = bytes.substr(0, choice >> 2);
    bytes.remove_prefix(piece.size());
    now += std::chrono::milliseconds(500);
    switch (choice & 3) {
      case 0: talk.hear(piece, now); break;
      case 1: talk.go_on(now); break;
      case 2: now += std::chrono::seconds(10), talk.tick(now); break;
      default: talk.hear_end(now);
    }
    for (const Word& word : out.words) {
      check_decided(word);
      lost += std::holds_alternative<Lost>(word) ? 1 : 0;
    }
    must(lost <= 1 && (lost == 1) == talk.over() && out.request.size() < 1000);
    out = {};
  }
}

}  // namespace

FUZZ_TARGET(fleet) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  switch (input.front() & 7) {
    case 0: return again(decode_order(rest), decode_order);
    case 1: return again(decode_word(rest), decode_word);
    case 2:
      if (const auto notice = read_notice(rest)) must(read_notice(text_of(*notice)) == notice);
      if (const auto entry = read_entry(rest)) must(read_entry(text_of(*entry)) == entry);
      return;
    case 4:
      if (const auto seconds = read_go_duration(rest)) must(*seconds <= most_seconds + 1);
      return decisions(rest);
    case 5: return lapi(rest);
    default:
      if (load_hiredis().has_value()) talk(rest);
  }
}
