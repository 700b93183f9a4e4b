// SPDX-License-Identifier: MIT
// What a store answers, by itself or in a whole conversation. The first byte says which.
#include "fleet/entry.hpp"
#include "fleet/replies.hpp"
#include "fleet/store_talk.hpp"
#include "fuzz/fleet_heard.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using fuzz::must;
using fuzz::check_peer;
using fuzz::check_text;

namespace {

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
  std::size_t lost = 0, listed = 0;
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
      if (const auto* heard = std::get_if<Heard>(&word)) check_peer(heard->peer), check_text(heard->host), check_text(heard->reason), must(heard->seconds <= most_seconds);
      if (const auto* lifted = std::get_if<Lifted>(&word)) check_peer(lifted->peer);
      if (const auto* counted = std::get_if<Counted>(&word)) must(counted->now <= most_counted && counted->before <= most_counted);
      lost += std::holds_alternative<Lost>(word) ? 1 : 0;
      listed += std::holds_alternative<Listed>(word) ? 1 : 0;
      must(encode(word).size() <= longest_message && decode_word(encode(word)).has_value());
    }
    must(lost <= 1 && (lost == 1) == talk.over() && listed <= 1);
    out = {};
  }
}

/// What stands in the store, or is told through it.
void texts(std::string_view text) {
  if (const auto notice = read_notice(text)) must(read_notice(text_of(*notice)) == notice);
  if (const auto entry = read_entry(text)) must(read_entry(text_of(*entry)) == entry);
}

}  // namespace

FUZZ_TARGET(fleet) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  if ((input.front() & 1) == 0) return texts(rest);
  if (load_hiredis().has_value()) talk(rest);
}
