// SPDX-License-Identifier: MIT
// Connecting on another thread. Internal to fleet.
#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::fleet {

/// Makes something that may take as long as a network does, and gives it to whoever still wants it. Loop thread only.
template <typename Made>
class Attempt {
 public:
  explicit Attempt(boost::asio::io_context& loop) : slow_(loop, {.threads = 2, .queue = 4}) {}

  /// Does `work` on a thread, which must own all it uses, and then calls `then` on the loop thread, unless another has been begun
  /// or forget() been called meanwhile. False, and neither is called: no thread can be started.
  [[nodiscard]] bool begin(std::function<base::Result<Made>()> work, std::function<void(base::Result<Made>)> then) {
    const std::uint64_t number = ++*current_;
    const auto both = [work = std::move(work), then = std::move(then), current = current_, number]() -> net::SlowWork::Then {
      auto made = std::make_shared<base::Result<Made>>(outcome(work));
      return [then, current, number, made] {
        if (*current == number) then(std::move(*made));
      };
    };
    return slow_.run(std::function<net::SlowWork::Then()>(both)) != 0;
  }
  void forget() { ++*current_; }

 private:
  static base::Result<Made> outcome(const std::function<base::Result<Made>()>& work) try {
    return work();
  } catch (const std::exception& error) {
    return base::Error{0, error.what()};
  }

  std::shared_ptr<std::uint64_t> current_ = std::make_shared<std::uint64_t>(0);
  net::SlowWork slow_;
};

}  // namespace xsuperd::fleet
