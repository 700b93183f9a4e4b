// SPDX-License-Identifier: MIT
#include "ctl/live_view.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "ctl/failure.hpp"
#include "ctl/table.hpp"

namespace xsuperd::ctl {

using namespace std::chrono_literals;

namespace {
constexpr std::chrono::seconds slow{3};        ///< an answer that takes longer is reported to be late
constexpr std::chrono::seconds too_slow{30};   ///< and then given up
constexpr std::size_t most_listed = 1'000;     ///< services; with more, `list` costs too much to be asked for every second
}  // namespace

LiveView::LiveView(TopOptions options, Terminal& terminal, TerminalSignals& signals, Snapshot first)
    : options_(std::move(options)), terminal_(terminal), signals_(signals), last_(std::move(first)), browser_(options_.sort) {
  asked_ = heard_ = last_.taken;
  due_ = heard_ + options_.interval;
  activity_ = activity_of(last_, nullptr);
  arrange();
}

Ending LiveView::run() {
  while (!ending_) {
    const auto now = Clock::now();
    if (inquiry_ && now - asked_ > too_slow) fail({ETIMEDOUT, "the daemon does not answer"}, now);
    if (!inquiry_ && now >= due_) begin_round(now);
    draw(now);
    wait(now);
  }
  return *ending_;
}

std::vector<control::Request> LiveView::questions() const {
  std::vector<control::Request> all{control::ask_for<command::Stats>()};
  if (!browser_.service().empty()) {
    request::Services one;
    one.mean({browser_.service()});
    all.push_back(control::ask_for<command::Show>(one));
    all.push_back(control::ask_for<command::Sessions>(one));
  } else if (last_.services.size() <= most_listed && shows_sessions(terminal_.size().columns)) {
    all.push_back(control::ask_for<command::List>());
  }
  return all;
}

void LiveView::begin_round(Clock::time_point now) {
  asked_ = now;
  answers_.clear();
  unasked_ = questions();
  std::reverse(unasked_.begin(), unasked_.end());
  ask(now);
}

void LiveView::ask(Clock::time_point now) {
  auto inquiry = Inquiry::begin(options_.socket, unasked_.back());
  unasked_.pop_back();
  if (!inquiry) return fail(inquiry.error(), now);
  inquiry_.emplace(std::move(*inquiry));
}

void LiveView::go_on(Clock::time_point now) {
  const auto gone_on = inquiry_->go_on();
  // The daemon answers, and does not know the service any more whose page is looked at.
  const bool refused = !gone_on && gone_on.error().code == 0 && !answers_.empty();
  if (!gone_on && !refused) return fail(gone_on.error(), now);
  if (!refused && !inquiry_->done()) return;
  refused ? unasked_.clear() : answers_.push_back(inquiry_->take());
  gone_ = refused;
  inquiry_.reset();
  if (!unasked_.empty()) return ask(now);
  end_round(now);
  heard_ = now;
  trouble_.clear();
  // However large the answers and short the interval, the daemon has half of its time for others.
  due_ = std::max(asked_ + options_.interval, now + (now - asked_));
}

void LiveView::fail(const base::Error& error, Clock::time_point now) {
  inquiry_.reset();
  trouble_ = status_of(error) == Exit::no_daemon ? fmt::format("no daemon answers at {}", options_.socket)
                                                 : sentence_of(error, options_.socket);
  due_ = now + std::min<std::chrono::milliseconds>(options_.interval, 1s);
}

void LiveView::end_round(Clock::time_point now) {
  Snapshot snapshot = snapshot_of(answers_.front(), now);
  if (browser_.service().empty() && answers_.size() > 1) add_sessions(snapshot, answers_[1]);
  detail_ = answers_.size() > 2 ? detail_of(answers_[1], answers_[2]) : std::nullopt;
  const Snapshot before = std::exchange(last_, std::move(snapshot));
  activity_ = activity_of(last_, &before);
  arrange();
}

void LiveView::arrange() {
  shown_ = matching(activity_, browser_.filter());
  sort_services(shown_, browser_.sort());
  browser_.follow(shown_.services);
}

std::string LiveView::notice(Clock::time_point now) const {
  const double silent = std::chrono::duration<double>(now - heard_).count();
  if (!trouble_.empty()) return fmt::format("last answer {} ago, retrying: {}", duration_text(silent), trouble_);
  if (inquiry_ && now - asked_ > slow) return fmt::format("last answer {} ago: waiting for the daemon",
                                                          duration_text(silent));
  return gone_ ? "there is no such service any more" : "";
}

Page LiveView::page(const View& view) const {
  if (browser_.place() == Browser::Place::help) return help_page(view, terminal_.size());
  if (browser_.place() == Browser::Place::table) return page_of(shown_, view, terminal_.size());
  const auto& all = activity_.services;
  const auto one = std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.now.id == browser_.service(); });
  return service_page(browser_.service(), detail_ ? &*detail_ : nullptr, one == all.end() ? std::nullopt : one->rates, view,
                      terminal_.size());
}

void LiveView::draw(Clock::time_point now) {
  View view = browser_.view();
  view.notice = notice(now);
  view.all = activity_.services.size();
  const Page drawn = page(view);
  browser_.drawn(drawn);
  terminal_.draw(drawn);
}

/// Until there is something to do unasked.
std::chrono::milliseconds LiveView::patience(Clock::time_point now) const {
  if (inquiry_) return 1s;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(due_ - now), 0ms, 1000ms);
}

void LiveView::wait(Clock::time_point now) {
  const pollfd daemon = inquiry_ ? pollfd{inquiry_->descriptor(), inquiry_->events(), 0} : pollfd{-1, 0, 0};
  const Woken woken = wait_at(terminal_, signals_, daemon, patience(now), [this](Press press) { return handle(press), !ending_; });
  if (woken.ending) ending_ = woken.ending;
  if (woken.other && inquiry_) go_on(Clock::now());
}

void LiveView::handle(Press press) {
  const std::string before = browser_.service();
  switch (browser_.press(press, shown_.services)) {
    case Browser::Effect::ask: due_ = Clock::now(); break;
    case Browser::Effect::redraw: terminal_.adapt(); break;
    case Browser::Effect::arrange: arrange(); break;
    case Browser::Effect::end: ending_ = Ending{}; break;
    case Browser::Effect::nothing: break;
  }
  if (browser_.service() == before) return;
  // What is still being asked belongs to the page that was left.
  detail_.reset();
  gone_ = false;
  inquiry_.reset();
  due_ = Clock::now();
}

}  // namespace xsuperd::ctl
