// SPDX-License-Identifier: MIT
// The keys of TLS tickets, for as long as the daemon lives. Internal to supervisor.
#pragma once
#include <functional>

#include "xsuperd/base/time.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/tls/tickets.hpp"

namespace xsuperd::supervisor {

/// Makes them, has them used, and replaces them every tls::ticket_period. They are in memory only: of this process, of workers
/// for TLS, and at an upgrade of the next image. Loop thread only.
class Tickets {
 public:
  using Use = std::function<void(const tls::TicketKeys&)>;
  using Now = std::function<base::WallTime()>;
  /// `use` is called with the first keys at once, and with others later. The loop outlives it.
  Tickets(boost::asio::io_context& loop, Use use, Now now = std::chrono::system_clock::now);
  ~Tickets();
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;

  /// For an upgrade.
  [[nodiscard]] tls::InheritedTickets hand_over() const;
  /// Those of the image before: used for the rest of their time. What are no keys is left alone.
  void restore(const tls::InheritedTickets& inherited);

 private:
  void due();
  void rotate();
  void go_on();

  const Use use_;
  const Now now_;
  tls::TicketKeys keys_;
  base::WallTime since_{};
  loop::Alarm alarm_;
};

}  // namespace xsuperd::supervisor
