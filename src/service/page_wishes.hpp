// SPDX-License-Identifier: MIT
// The pages that one conversation wishes for. Internal to service.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "xsuperd/base/allowance.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::service {

/// Passes on what a conversation wishes for, so often at most: what exceeds that waits for its turn, and the conversation with it,
/// as it has one wish at a time. Lives as long as the conversation does. Loop thread only.
class PageWishes {
 public:
  static constexpr unsigned at_once = 20;
  static constexpr std::chrono::milliseconds every{50};

  explicit PageWishes(boost::asio::io_context& loop) : turn_(loop, [this] { take(std::exchange(waits_, {})); }) {}

  /// `ask` may let go of this object.
  void take(worker::PageWish wish) {
    out.reset();
    if (allowance_.take(std::chrono::steady_clock::now())) return std::function(ask)(wish);
    waits_ = std::move(wish);
    turn_.set(every);
  }

  std::function<void(const worker::PageWish&)> ask;
  std::shared_ptr<const void> out;  ///< of the page that it was given last: PageMade::out

 private:
  base::Allowance allowance_{at_once, every};
  worker::PageWish waits_;
  loop::Alarm turn_;
};

}  // namespace xsuperd::service
