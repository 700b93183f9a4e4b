// SPDX-License-Identifier: MIT
#include "log/delivery.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/texts.hpp"

namespace xsuperd::log {

namespace {

using Outcome = Output::Outcome;

constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{5000};

}  // namespace

std::size_t Delivery::cost(const Event& event) { return text_size(event) + sizeof(KeptLine); }

void Delivery::deliver(const std::shared_ptr<Output>& to, const Output::Line& line) {
  ++number_;
  give(to, line);
  pass_on_remarks();
}

void Delivery::report_lost(std::uint64_t count) {
  say(Level::warning, text_of(record::Gap{count, "more was logged than could be written"}));
  pass_on_remarks();
}

void Delivery::give(const std::shared_ptr<Output>& to, const Output::Line& line) {
  if (const auto found = kept_.find(to); found != kept_.end()) return keep(found->second, line);
  if (attempt(*to, line) != Outcome::later) return;
  Kept& kept = kept_[to];
  keep(kept, line);
  postpone(kept);
}

Outcome Delivery::attempt(Output& output, const Output::Line& line) {
  const Outcome outcome = output.write(line);
  while (std::optional<Output::Remark> remark = output.take_complaint())
    remarks_.push_back(std::move(*remark));
  return outcome;
}

void Delivery::keep(Kept& kept, const Output::Line& line) {
  // The first line is kept whatever its size: part of it may have been written already.
  const bool fits = kept.lines.empty() || (kept.lost == 0 && kept.bytes + cost(line.event) <= keep_bytes_);
  if (!fits) {
    ++kept.lost;
    ++lost_;
    return;
  }
  KeptLine mine{line.level, line.when, line.event, {}, number_};
  append_texts(mine.texts, line.event);
  kept.lines.push_back(std::move(mine));
  kept.bytes += cost(line.event);
}

void Delivery::postpone(Kept& kept) {
  kept.pause = kept.pause.count() == 0 ? first_pause : std::min(2 * kept.pause, longest_pause);
  kept.next_retry = clock_().steady + kept.pause;
}

void Delivery::retry(bool everywhere) {
  if (kept_.empty()) return;
  const base::Moment now = clock_().steady;
  for (auto it = kept_.begin(); it != kept_.end();) {
    const bool due = everywhere || it->second.next_retry <= now;
    it = due && write_kept(*it->first, it->second) ? kept_.erase(it) : std::next(it);
  }
  pass_on_remarks();
}

/// True when nothing is left.
bool Delivery::write_kept(Output& output, Kept& kept) {
  while (!kept.lines.empty()) {
    const KeptLine& line = kept.lines.front();
    if (attempt(output, {line.level, line.when, with_texts(line.event, line.texts)}) == Outcome::later) {
      postpone(kept);
      return false;
    }
    kept.pause = {};  // it works again, at least for a while
    kept.bytes -= cost(line.event);
    kept.lines.pop_front();
    if (!kept.lines.empty() || kept.lost == 0) continue;
    keep(kept, {Level::warning, clock_().wall, record::Gap{std::exchange(kept.lost, 0), "the log could not be written"}});
  }
  return true;
}

void Delivery::say(Level level, std::string_view text) {
  if (daemon_log_) give(daemon_log_, {level, clock_().wall, text});
}

/// The daemon log may have something to say about a remark, hence the rounds; their number is bounded so that
/// an output that has something to say each time cannot hold us here.
void Delivery::pass_on_remarks() {
  for (int round = 0; round < 3 && !remarks_.empty(); ++round)
    for (const Output::Remark& remark : std::exchange(remarks_, {})) say(remark.level, remark.text);
}

std::optional<base::Moment> Delivery::next_retry() const {
  std::optional<base::Moment> next;
  for (const auto& [output, kept] : kept_) next = std::min(next.value_or(kept.next_retry), kept.next_retry);
  return next;
}

std::uint64_t Delivery::settled() const {
  std::uint64_t first_open = number_ + 1;
  for (const auto& [output, kept] : kept_)
    if (!kept.lines.empty()) first_open = std::min(first_open, kept.lines.front().number);
  return first_open - 1;
}

}  // namespace xsuperd::log
