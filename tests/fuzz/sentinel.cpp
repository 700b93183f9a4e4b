// SPDX-License-Identifier: MIT
// What a Sentinel answers. The first byte says whether there is a password, and how many bytes come at a time.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fleet/replies.hpp"
#include "fleet/sentinel_talk.hpp"
#include "fuzz/target.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/fleet/words.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using fuzz::must;

namespace {

/// What comes of an answer in pieces of that size; nothing when more is to come.
std::optional<Word> word_of(std::string_view answer, std::size_t piece, const std::string& password) {
  SentinelTalk::Out out;
  const base::Moment now{std::chrono::hours(1)};
  SentinelTalk talk({.primary = "mymaster", .password = password}, now, out);
  for (; !answer.empty(); answer.remove_prefix(std::min(piece, answer.size()))) talk.hear(answer.substr(0, piece));
  must(out.words.size() == (talk.over() ? 1 : 0) && out.commands.size() < 200);
  if (out.words.empty()) {
    talk.tick(now + std::chrono::seconds(11));
    must(talk.over() && out.words == std::vector<Word>{Lost{"it does not answer"}});
    return std::nullopt;
  }
  return out.words.front();
}

void check(const Word& word) {
  must(decode_word(encode(word)) == word);
  if (const auto* lost = std::get_if<Lost>(&word)) return must(lost->source == Source::store && lost->why.size() <= longest_text && fuzz::printable(lost->why));
  const auto& found = std::get<Found>(word);
  const base::Address& address = found.primary.address;
  must(address.is_ip() && address.scope() == 0 && !address.is_mapped() && found.primary.port > 0);
  if (trouble_with(found, false).empty()) must(trouble_with(found, true).empty() && base::is_unicast(address));
}

}  // namespace

FUZZ_TARGET(sentinel) {
  if (input.empty() || !load_hiredis()) return;
  const auto choice = static_cast<unsigned char>(input.front());
  const std::string password = (choice & 1) != 0 ? "secret" : "";
  const std::string_view answer = input.substr(1, 64 * 1024);  // as much as the process reads at a time
  const auto whole = word_of(answer, answer.size(), password);
  if (whole) check(*whole);
  must(word_of(answer, std::size_t{1} + (choice >> 1), password) == whole);
}
