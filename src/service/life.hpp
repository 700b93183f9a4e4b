// SPDX-License-Identifier: MIT
// How the parts of a service are called back. Internal to service.
#pragma once
#include <functional>
#include <memory>
#include <utility>

namespace xsuperd::service {

/// Tells whether a service still exists when something that one of its parts waited for arrives. Loop thread only.
class Life {
 public:
  /// `owner` gives what keeps the service with all its parts alive. It is asked whenever something is waited for.
  explicit Life(std::function<std::weak_ptr<const void>()> owner) : owner_(std::move(owner)) {}

  [[nodiscard]] std::weak_ptr<const void> owner() const { return owner_(); }
  /// Calls `then`, and keeps the service alive meanwhile, unless it has gone already.
  template <typename Then>
  [[nodiscard]] auto guard(Then then) const {
    return [owner = owner_(), then = std::move(then)](auto&&... arguments) {
      if (const auto alive = owner.lock()) then(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  std::function<std::weak_ptr<const void>()> owner_;
};

}  // namespace xsuperd::service
