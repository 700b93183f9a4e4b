// SPDX-License-Identifier: MIT
#include "ctl/watch_view.hpp"

#include <fmt/chrono.h>
#include <poll.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "ctl/browser.hpp"
#include "ctl/table.hpp"

namespace xsuperd::ctl {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds slow{3};  ///< an answer that takes longer is reported to be late

std::string time_of_day() { return fmt::format("{:%H:%M:%S}", fmt::localtime(std::time(nullptr))); }

}  // namespace

WatchView::WatchView(std::string title, Command command, std::chrono::milliseconds interval, Terminal& terminal, TerminalSignals& signals)
    : command_(std::move(command)), interval_(interval), terminal_(terminal), signals_(signals), due_(Clock::now()) {
  watched_.title = std::move(title);
}

Ending WatchView::run() {
  while (!ending_) {
    const auto now = Clock::now();
    if (!execution_ && now >= due_) begin(now);
    draw(now);
    wait(now);
  }
  return *ending_;
}

void WatchView::begin(Clock::time_point now) {
  begun_ = now;
  due_ = now + interval_;
  auto execution = Execution::begin(command_);
  trouble_ = execution ? std::string() : execution.error().sentence;
  if (execution) execution_.emplace(std::move(*execution));
}

void WatchView::go_on() {
  execution_->go_on();
  if (!execution_->done()) return;
  watched_.text = execution_->text();
  watched_.status = execution_->status();
  watched_.when = time_of_day();
  execution_.reset();
  // However long it takes and short the interval, the daemon has half of its time for others.
  const auto now = Clock::now();
  due_ = std::max(begun_ + interval_, now + (now - begun_));
}

void WatchView::draw(Clock::time_point now) {
  watched_.notice = trouble_;
  if (execution_ && now - begun_ > slow)
    watched_.notice = fmt::format("no answer for {}", duration_text(std::chrono::duration<double>(now - begun_).count()));
  const Page page = watch_page(watched_, first_, terminal_.size());
  first_ = page.first;
  room_ = page.room;
  terminal_.draw(page);
}

/// Until there is something to do unasked.
std::chrono::milliseconds WatchView::patience(Clock::time_point now) const {
  if (execution_) return 1s;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(due_ - now), 0ms, 1000ms);
}

void WatchView::wait(Clock::time_point now) {
  const pollfd command{execution_ ? execution_->descriptor() : -1, POLLIN, 0};
  const Woken woken = wait_at(terminal_, signals_, command, patience(now), [this](Press press) { return handle(press.key), !ending_; });
  if (woken.ending) ending_ = woken.ending;
  if (woken.other) go_on();
}

void WatchView::handle(Key key) {
  constexpr std::size_t far = 1'000'000'000;  // how far down it goes is known when it is drawn
  switch (key) {
    case Key::quit:
    case Key::back: ending_ = Ending{}; break;
    case Key::now: due_ = Clock::now(); break;
    case Key::redraw: terminal_.adapt(); break;
    default: first_ = moved(key, first_, far, room_); break;
  }
}

}  // namespace xsuperd::ctl
