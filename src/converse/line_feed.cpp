// SPDX-License-Identifier: MIT
#include "converse/line_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

void LineFeed::take(std::string_view bytes, base::Moment now) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, longest - line_.size());
    const std::size_t end = part.find('\n');
    const std::size_t taken = std::min(end, part.size());
    line_.append(part.substr(0, taken));
    bytes.remove_prefix(taken);
    if (bytes.empty()) return;
    // Whether a line is too long is seen by what follows: its end may be next.
    const bool ends = bytes.front() == '\n';
    if (ends) bytes.remove_prefix(1);
    finish_line(!ends, now);
  }
}

void LineFeed::end(base::Moment now) {
  finish_line(false, now);
  if (dropped_ > 0) (void)tell_dropped();
}

void LineFeed::go_on(base::Moment now) {
  if (!pause_end_ || now < *pause_end_) return;
  if (tell_dropped())
    pause_end_.reset();
  else
    pause_end_ = now + pause;
}

void LineFeed::finish_line(bool cut, base::Moment now) {
  std::string_view text = line_;
  if (!cut && text.ends_with('\r')) text.remove_suffix(1);
  const auto as_told = [&] { return fmt::format("{}{}{}", continues_ ? "..." : "", base::escaped(text, longest), cut ? "..." : ""); };
  if (!text.empty() && !(admits(now) && tell_(as_told()))) drop(now);
  line_.clear();
  continues_ = cut;
}

bool LineFeed::admits(base::Moment now) {
  go_on(now);
  return !pause_end_ && allowance_.take(now);
}

void LineFeed::drop(base::Moment now) {
  ++dropped_;
  if (!pause_end_) pause_end_ = now + pause;
}

bool LineFeed::tell_dropped() {
  if (dropped_ > 0 && !tell_(fmt::format("({} {} dropped)", dropped_, dropped_ == 1 ? "line" : "lines"))) return false;
  dropped_ = 0;
  return true;
}

}  // namespace xsuperd::converse
