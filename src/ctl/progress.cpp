// SPDX-License-Identifier: MIT
#include "ctl/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "ctl/table.hpp"
#include "ctl/values.hpp"

namespace xsuperd::ctl {

namespace {

using namespace std::chrono_literals;

/// One less than the terminal has, so that no terminal begins a new line.
std::size_t room_on(std::FILE* err) {
  winsize size{};
  const bool known = ::ioctl(::fileno(err), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col - 1U : 79;
}

}  // namespace

Progress::Progress(std::FILE* err, std::string what, std::string things)
    : err_(err), what_(std::move(what)), things_(std::move(things)) {
  if (::isatty(::fileno(err_)) == 1) thread_ = std::jthread([this](const std::stop_token& stop) { tell(stop); });
}

void Progress::end() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::string Progress::text(std::chrono::seconds passed) const {
  const std::string count = things_.empty() ? std::string() : ": " + count_text(count_.load(std::memory_order_relaxed), things_);
  return fit_for_terminal(fmt::format("{}{}, {}", what_, count, duration_text(static_cast<double>(passed.count()))));
}

/// Blanks, not a command of the terminal, take away what was there: all have them.
void Progress::tell(const std::stop_token& stop) {
  const auto begun = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  std::size_t width = 0;
  for (auto due = begun + 1s; !stopped.wait_until(lock, stop, due, [&] { return stop.stop_requested(); }); due += 250ms) {
    const std::string line = cut(text(std::chrono::floor<std::chrono::seconds>(due - begun)), room_on(err_));
    fmt::print(err_, "\r{}{}", line, std::string(width - std::min(width, width_of(line)), ' '));
    std::fflush(err_);
    width = width_of(line);
  }
  if (width == 0) return;
  fmt::print(err_, "\r{}\r", std::string(width, ' '));
  std::fflush(err_);
}

}  // namespace xsuperd::ctl
