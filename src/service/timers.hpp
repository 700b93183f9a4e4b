// SPDX-License-Identifier: MIT
// The timers of one service. Internal to service.
#pragma once
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "service/life.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// Calls back after a time, for the parts of one service. Nothing is called after the service has gone, nor after
/// cancel(). Loop thread only.
class Timers {
 public:
  Timers(boost::asio::io_context& loop, const Clock& clock, const Life& life) : loop_(loop), clock_(clock), life_(life) {}

  /// The timer's number, by which it can be cancelled; never 0. Throws std::bad_alloc.
  std::uint64_t arm(std::chrono::milliseconds delay, std::function<void()> then) {
    const std::uint64_t id = ++last_;
    auto& timer = all_->try_emplace(id, loop_, clock_.timer_length(delay)).first->second;
    // A wait that ended before it was cancelled is still called: the entry in the map tells.
    timer.async_wait([all = std::weak_ptr(all_), id, then = life_.guard(std::move(then))](boost::system::error_code) {
      const auto timers = all.lock();
      if (timers && timers->erase(id) > 0) then();
    });
    return id;
  }
  /// The same at a given moment; soon, if that has passed.
  std::uint64_t arm_at(base::Moment moment, std::function<void()> then) {
    using std::chrono::milliseconds;
    return arm(std::max(std::chrono::ceil<milliseconds>(moment - clock_.now()), milliseconds(0)), std::move(then));
  }
  /// All of them.
  void cancel() { all_->clear(); }
  void cancel(std::uint64_t id) { all_->erase(id); }

 private:
  boost::asio::io_context& loop_;
  const Clock& clock_;
  const Life& life_;
  std::uint64_t last_ = 0;
  std::shared_ptr<std::map<std::uint64_t, boost::asio::steady_timer>> all_ =
      std::make_shared<std::map<std::uint64_t, boost::asio::steady_timer>>();
};

}  // namespace xsuperd::service
