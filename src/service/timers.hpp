// SPDX-License-Identifier: MIT
// The pending waits of one Runner. Internal to service.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>

#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

struct Runner::Timers {
  explicit Timers(boost::asio::io_context& loop) : loop_(loop) {}

  std::uint64_t after(std::chrono::milliseconds delay, std::function<void()> then) {
    const std::uint64_t id = ++last_;
    auto& timer = all_->try_emplace(id, loop_, delay).first->second;
    // A wait that ended before it was cancelled is still called: the entry in the map tells.
    timer.async_wait([all = std::weak_ptr(all_), id, then = std::move(then)](boost::system::error_code) {
      const auto timers = all.lock();
      if (timers && timers->erase(id) > 0) then();
    });
    return id;
  }
  void cancel() { all_->clear(); }
  void cancel(std::uint64_t id) { all_->erase(id); }

 private:
  boost::asio::io_context& loop_;
  std::uint64_t last_ = 0;
  std::shared_ptr<std::map<std::uint64_t, boost::asio::steady_timer>> all_ =
      std::make_shared<std::map<std::uint64_t, boost::asio::steady_timer>>();
};

}  // namespace xsuperd::service
