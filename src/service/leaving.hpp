// SPDX-License-Identifier: MIT
// How connections end whose server has ended. Internal to service.
#pragma once
#include <memory>

#include "xsuperd/service/linger.hpp"

namespace xsuperd::service {

class Leaving {
 public:
  virtual ~Leaving() = default;
  /// False when it is over already.
  [[nodiscard]] virtual bool begin() = 0;
  /// It is closed with the last reference to it, which a handler that is on its way may have.
  virtual void forget() = 0;
  [[nodiscard]] virtual InheritedLinger inherited() const = 0;

 protected:
  /// Nothing but return may follow.
  void leave(Lingering& owner) { owner.drop(*this); }
};

/// For one in which the kernel speaks TLS.
[[nodiscard]] std::shared_ptr<Leaving> make_covered_leave(boost::asio::io_context& loop, Lingering& owner, CloseNotifier& notifier,
                                                          base::Fd connection, base::Moment until, bool stays);

}  // namespace xsuperd::service
