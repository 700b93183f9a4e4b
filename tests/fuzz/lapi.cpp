// SPDX-License-Identifier: MIT
// What a Local API of CrowdSec answers: decisions by themselves, or a whole conversation. The first byte says which.
#include <algorithm>

#include "fleet/decisions.hpp"
#include "fleet/go_duration.hpp"
#include "fleet/lapi_talk.hpp"
#include "fuzz/fleet_heard.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using fuzz::must;
using fuzz::check_peer;
using fuzz::check_text;

namespace {

/// What the daemon would be told of CrowdSec.
void check_decided(const Word& word) {
  must(source_of(word) == Source::crowdsec && decode_word(encode(word)) == word);
  if (const auto* heard = std::get_if<Heard>(&word)) check_peer(heard->peer), check_text(heard->reason), must(heard->host.empty() && heard->seconds <= most_seconds);
  if (const auto* lifted = std::get_if<Lifted>(&word)) check_peer(lifted->peer);
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

FUZZ_TARGET(lapi) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  if ((input.front() & 1) != 0) return lapi(rest);
  if (const auto seconds = read_go_duration(rest)) must(*seconds <= most_seconds + 1);
  decisions(rest);
}
