// SPDX-License-Identifier: MIT
// Who asks for a reload, and when it happens. Internal to supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/lifetime.hpp"
#include "supervisor/prepare.hpp"
#include "supervisor/reload_report.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/log/daemon_log.hpp"

namespace xsuperd::supervisor {

/// A reload is a transaction (decision B15.18): prepared off the loop while the old configuration serves, committed in one
/// turn of the loop or not at all. There is one at a time; whoever asks for one meanwhile gets the next, together with all
/// others who do. Loop thread only.
class Reloads {
 public:
  using Answered = std::function<void(const ReloadReport&)>;
  /// What the rest of the daemon does for a reload.
  struct Asks {
    /// As Loads::prepare().
    std::function<base::Result<void>(bool strict, bool preview, std::function<void(Prepared)> then)> prepare;
    /// Commits what was prepared, unless it was refused.
    std::function<ReloadReport(Prepared)> apply;
    /// Must reloads wait? Then go_on() is called when they need not any more.
    std::function<bool()> held;
    std::function<void()> on_begin;
    /// One is over, in whatever way; whoever wished for it hears of it afterwards.
    std::function<void(const ReloadReport&, const std::vector<std::string>& unguarded)> on_end;
    /// One is over, and reloads must wait.
    std::function<void()> on_held;
  };

  /// `log` and `lifetime` outlive it.
  Reloads(const log::DaemonLog& log, const Lifetime& lifetime, Asks asks);

  /// `told` is called on the loop when it is over; not when the daemon ends before. It may be null.
  void reload(bool strict = false, Answered answered = {});
  /// What a reload would do now. Nothing is opened or changed.
  void preview(Answered answered);

  /// Is one being prepared?
  [[nodiscard]] bool preparing() const { return preparing_; }
  /// Forgets the one that is being prepared, if one is: whoever asked for it gets the next.
  void give_up();
  /// Grants the requests that wait, if there are any.
  void go_on();
  /// Is a reload wished for that the next image of the daemon may do instead? Whoever wants it strict asks again: it is not
  /// done leniently.
  [[nodiscard]] bool left_to_next_image() const { return next_ && !next_->strict; }

 private:
  struct Request {
    bool strict = false;
    std::vector<Answered> answered;
  };
  void over(Prepared prepared, const Request& wish);
  void tell_preview(const Prepared& prepared);

  const log::DaemonLog& log_;
  const Lifetime& lifetime_;
  const Asks asks_;
  std::optional<Request> next_;
  bool preparing_ = false;
  std::shared_ptr<Request> under_way_;  ///< while it is being prepared
  std::uint64_t turn_ = 0;           ///< of the load that counts: one that was given up is not it
  std::vector<Answered> previewing_;     ///< who waits for the preview under way
};

}  // namespace xsuperd::supervisor
