// SPDX-License-Identifier: MIT
#include "ctl/live_view.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <csignal>

#include "ctl/failure.hpp"
#include "ctl/table.hpp"

namespace xsuperd::ctl {

using namespace std::chrono_literals;

namespace {
constexpr std::chrono::seconds slow{3};        ///< an answer that takes longer is reported to be late
constexpr std::chrono::seconds too_slow{30};   ///< and then given up
}  // namespace

LiveView::LiveView(TopOptions options, Terminal& terminal, TerminalSignals& signals, Snapshot first)
    : options_(std::move(options)), terminal_(terminal), signals_(signals), last_(std::move(first)) {
  view_.sort = options_.sort;
  view_.keys = true;
  asked_ = heard_ = last_.taken;
  due_ = heard_ + options_.interval;
  activity_ = activity_of(last_, nullptr);
  sort_services(activity_, view_.sort);
}

int LiveView::run() {
  while (!over_) {
    const auto now = Clock::now();
    if (inquiry_ && now - asked_ > too_slow) fail({ETIMEDOUT, "the daemon does not answer"}, now);
    if (!inquiry_ && now >= due_) ask(now);
    draw(now);
    if (!wait(now)) break;
  }
  return signal_;
}

void LiveView::ask(Clock::time_point now) {
  asked_ = now;
  auto inquiry = Inquiry::begin(options_.socket, control::ask_for<command::Stats>());
  if (!inquiry) return fail(inquiry.error(), now);
  inquiry_.emplace(std::move(*inquiry));
}

void LiveView::go_on(Clock::time_point now) {
  if (const auto gone_on = inquiry_->go_on(); !gone_on) return fail(gone_on.error(), now);
  if (!inquiry_->done()) return;
  show(snapshot_of(inquiry_->take(), now));
  inquiry_.reset();
  heard_ = now;
  trouble_.clear();
  // However large the answer and short the interval, the daemon has half of its time for others.
  due_ = std::max(asked_ + options_.interval, now + (now - asked_));
}

void LiveView::fail(const base::Error& error, Clock::time_point now) {
  inquiry_.reset();
  trouble_ = status_of(error) == Exit::no_daemon ? fmt::format("no daemon answers at {}", options_.socket)
                                                 : sentence_of(error, options_.socket);
  due_ = now + std::min<std::chrono::milliseconds>(options_.interval, 1s);
}

void LiveView::show(Snapshot snapshot) {
  Snapshot before = std::exchange(last_, std::move(snapshot));
  activity_ = activity_of(last_, &before);
  sort_services(activity_, view_.sort);
}

std::string LiveView::notice(Clock::time_point now) const {
  const double silent = std::chrono::duration<double>(now - heard_).count();
  if (!trouble_.empty()) return fmt::format("last answer {} ago, retrying: {}", duration_text(silent), trouble_);
  if (inquiry_ && now - asked_ > slow) return fmt::format("last answer {} ago: waiting for the daemon",
                                                          duration_text(silent));
  return {};
}

void LiveView::draw(Clock::time_point now) {
  view_.notice = notice(now);
  const Page page = page_of(activity_, view_, terminal_.size());
  view_.first = page.first;
  room_ = page.room;
  terminal_.draw(page);
}

/// Until there is something to do unasked.
std::chrono::milliseconds LiveView::patience(Clock::time_point now) const {
  if (inquiry_) return 1s;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(due_ - now), 0ms, 1000ms);
}

/// False when the terminal is gone.
bool LiveView::wait(Clock::time_point now) {
  pollfd all[]{{terminal_.descriptor(), POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}, {-1, 0, 0}};
  if (inquiry_) all[2] = {inquiry_->descriptor(), inquiry_->events(), 0};
  // Interrupted, as after the program was stopped and goes on, it is drawn again.
  if (::poll(all, std::size(all), static_cast<int>(patience(now).count())) <= 0) return true;
  while (const int signal = all[1].revents != 0 ? signals_.next() : 0) {
    if (signal == SIGWINCH) {
      terminal_.adapt();
      continue;
    }
    signal_ = signal;
    over_ = true;
  }
  if ((all[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return false;
  for (Key key = Key::other; all[0].revents != 0 && !over_ && (key = terminal_.key()) != Key::none;) handle(key);
  if (all[2].revents != 0 && inquiry_) go_on(Clock::now());
  return true;
}

void LiveView::handle(Key key) {
  const std::size_t page = std::max<std::size_t>(room_, 1);
  switch (key) {
    case Key::quit: over_ = true; break;
    case Key::now: due_ = Clock::now(); break;
    case Key::redraw: return terminal_.adapt();
    case Key::up: return scroll_to(view_.first - std::min<std::size_t>(view_.first, 1));
    case Key::down: return scroll_to(view_.first + 1);
    case Key::page_up: return scroll_to(view_.first - std::min(view_.first, page));
    case Key::page_down: return scroll_to(view_.first + page);
    case Key::home: return scroll_to(0);
    case Key::end: return scroll_to(activity_.services.size());
    case Key::rate: return sort_by(Sort::rate);
    case Key::running: return sort_by(Sort::running);
    case Key::refused: return sort_by(Sort::refused);
    case Key::name: return sort_by(Sort::name);
    case Key::none:
    case Key::other: break;
  }
}

void LiveView::sort_by(Sort sort) {
  view_.sort = sort;
  sort_services(activity_, sort);
  scroll_to(0);
}

void LiveView::scroll_to(std::size_t first) { view_.first = std::min(first, activity_.services.size()); }

}  // namespace xsuperd::ctl
