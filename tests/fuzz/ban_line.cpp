// SPDX-License-Identifier: MIT
// A line of the file of bans, as somebody may have written it.
#include "fuzz/target.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/policy/ban_line.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = base::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

FUZZ_TARGET(ban_line) {
  const auto line = policy::read_ban_line(input);
  if (!line) {
    must(!line.error().sentence.empty() && fuzz::printable(line.error().sentence));
    return;
  }
  must(line->peer.address.known());
  must(line->reason.size() <= policy::longest_ban_reason && line->origin.size() <= policy::longest_ban_origin);
  must(is_utf8(line->reason) && is_utf8(line->origin));
  if (line->ours) {
    must(line->ours->reason.size() <= policy::longest_ban_reason && line->ours->origin.size() <= policy::longest_ban_origin);
    must(is_utf8(line->ours->reason) && is_utf8(line->ours->origin));
  }
  // What has been read can be written, and is the same then but for parts of a second.
  std::string text;
  policy::write_ban_line(text, *line);
  must(text.size() <= policy::longest_ban_line && text.find('\n') == text.size() - 1 && is_utf8(text));
  const auto again = policy::read_ban_line(std::string_view(text).substr(0, text.size() - 1));
  must(again && again->peer == line->peer && again->reason == line->reason && again->origin == line->origin);
  must(again->until == line->until && again->since == line->since && again->ours == line->ours);
}
