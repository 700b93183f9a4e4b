// SPDX-License-Identifier: MIT
#include "supervisor/count_share.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace xsuperd::supervisor {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds gathered_for{100};
constexpr milliseconds first_pause{500}, longest_pause{30'000};  ///< after a refusal
constexpr milliseconds behind_edge{20};                          ///< of a bucket: clocks are not quite the same
constexpr std::chrono::seconds clock_lasts{60};

}  // namespace

CountShare::CountShare(With with)
    : with_(std::move(with)), outbox_(with_.counts), gathering_(with_.loop, [this] { gather(); }),
      bucket_(with_.loop, [this] { begin_bucket(); }), resuming_(with_.loop, [this] { send(); }), pause_(first_pause) {}

/// Until the store has told what its clock shows, ours is as good as any.
void CountShare::use(bool shared) {
  if (shared == with_.counts.on()) return;
  with_.counts.turn(shared);
  const auto shown = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  with_.counts.set_clock(shown, with_.now());
  if (shared) return;
  outbox_.clear();
  trouble_.clear();
  for (loop::Alarm* alarm : {&gathering_, &bucket_, &resuming_}) alarm->cancel();
}

void CountShare::changed() {
  watch();
  if (met_ && !gathering_.is_set()) gathering_.set(gathered_for);
  if (with_.counts.left_out() > 0 && !std::exchange(full_told_, true))
    with_.log.error("limits of the fleet are not counted for more than {} pairs of a service and a source: from now on new ones are left out",
                    policy::FleetCounts::most);
}

/// Somebody has to be forgotten, or told of again.
void CountShare::watch() {
  if (bucket_.is_set() || with_.counts.size() == 0) return;
  const milliseconds length = policy::FleetCounts::session_bucket;
  bucket_.set(length - with_.counts.clock(with_.now()) % length + behind_edge);
}

void CountShare::begin_bucket() {
  const base::Moment now = with_.now();
  if (!met_) (void)with_.counts.take_changed();  // else it could not be forgotten
  with_.counts.expire(now);
  if (met_) {
    outbox_.gather();
    outbox_.walk();
    if (now - asked_ >= clock_lasts) asked_ = now, outbox_.ask_time();
    send();
  }
  watch();
}

void CountShare::gather() {
  outbox_.gather();
  if (!outbox_.knows_time()) asked_ = with_.now(), outbox_.ask_time();
  send();
}

void CountShare::send() {
  if (!met_ || resuming_.is_set()) return;
  while (with_.has_room()) {
    const auto order = outbox_.next(with_.now());
    if (!order) return;
    with_.send(*order);
  }
}

/// Only hosts that count ask for the time: others need no right to do so.
void CountShare::met() {
  met_ = true;
  pause_ = first_pause;
  trouble_.clear();
  outbox_.walk();
  if (with_.counts.size() > 0) gathering_.set(milliseconds(0));
}

void CountShare::lost() {
  met_ = false;
  outbox_.lost();
  gathering_.cancel();
  resuming_.cancel();
}

void CountShare::has_nothing() {
  outbox_.start_anew();
  send();
}

bool CountShare::counted(const fleet::Counted& word) {
  if (!outbox_.counted(word, with_.now())) return false;
  works();
  send();
  return true;
}

bool CountShare::told_time(const fleet::Time& word) {
  if (!outbox_.told_time(word, with_.now())) return false;
  send();
  return true;
}

bool CountShare::uncounted(const fleet::Uncounted& word) {
  if (!outbox_.failed(word.added)) return false;
  if (trouble_.empty())
    with_.log.error("the store refuses to count for limits of the fleet: {}; until it counts, they hold for each host by itself", word.why);
  trouble_ = word.why;
  if (resuming_.is_set()) return true;
  resuming_.set(pause_);
  pause_ = std::min(2 * pause_, longest_pause);
  return true;
}

/// Of some keys it may refuse all that there is, because somebody else has made them: as long as there is one, that it counts
/// others beside is not worth a line in the log each time.
void CountShare::works() {
  pause_ = first_pause;
  if (resuming_.is_set() || !outbox_.all_counted() || std::exchange(trouble_, {}).empty()) return;
  with_.log.notice("the store counts for limits of the fleet again");
}

}  // namespace xsuperd::supervisor
