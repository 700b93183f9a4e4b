// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/port_lookup.hpp"
#include "xsuperd/net/slow_work.hpp"
#include "xsuperd/net/tcp_listeners.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::service {

/// What leads the connections for a range of ports to the socket of a service, which must be open longer.
struct RangeLookup {
  RangeLookup(net::PortLookup lookup, const config::PortRange& ports, const base::Endpoint& bound)
      : kernel(std::move(lookup)), range(ports), socket(bound) {}
  /// No connection is led there any more, whoever has duplicates of the descriptors.
  ~RangeLookup() { kernel.end(); }
  RangeLookup(const RangeLookup&) = delete;
  RangeLookup& operator=(const RangeLookup&) = delete;

  net::PortLookup kernel;
  const config::PortRange range;
  const base::Endpoint socket;  ///< where it is bound itself
};

/// Sees to it that all ranges of ports leave alone those ports at which somebody listens: our own services, whether they are
/// open at the moment or not, and whoever the kernel knows of. It tells nobody who begins to listen, so it is asked from
/// time to time, on a thread, and only while there are ranges (decision B15.36). Loop thread only.
class Lookups {
 public:
  using TimerLength = std::function<std::chrono::milliseconds(std::chrono::milliseconds)>;
  /// Between two questions.
  static constexpr std::chrono::milliseconds interval{2000};
  /// After a socket of ours has been opened or closed; others may follow.
  static constexpr std::chrono::milliseconds delay{100};

  /// All that it is given outlives it; `timer_length`: as in Clock.
  Lookups(boost::asio::io_context& loop, const log::DaemonLog& log, const TimerLength& timer_length);

  /// Has the connections for the range that `spec` is led to a socket that listens. From now on, until it goes, its ports
  /// are kept up to date; at first all are left alone, until the kernel has been asked, after this turn of the loop. Fails as
  /// net::PortLookup::open().
  [[nodiscard]] base::Result<std::shared_ptr<RangeLookup>> lead_to(int socket, const config::ListenSpec& spec);
  /// The same, of the image before this one, with the ports that it left alone. Null if the descriptors are something else.
  [[nodiscard]] std::shared_ptr<RangeLookup> restore(int socket, const config::ListenSpec& spec, base::Fd link,
                                                     base::Fd ports);
  /// Where our services have their places now. The ranges learn of it as soon as of a fresh one.
  void note_places(std::vector<net::TcpListener> places);
  /// A service has opened or closed a socket.
  void on_socket();
  /// Is there a fresh one, and the kernel has not been asked yet?
  [[nodiscard]] bool wait() const { return waits_; }

 private:
  struct Look;
  std::shared_ptr<RangeLookup> add(net::PortLookup lookup, int socket, const config::ListenSpec& spec);
  void look_within(std::chrono::milliseconds time);
  void look();
  void looked(const Look& look);
  [[nodiscard]] std::shared_ptr<Look> next_look();

  const log::DaemonLog& log_;
  const TimerLength& timer_length_;
  std::vector<std::weak_ptr<RangeLookup>> lookups_;
  std::vector<net::TcpListener> places_;
  bool looking_ = false;  ///< the thread is at it
  bool again_ = false;    ///< something has changed meanwhile
  bool waits_ = false;    ///< wait()
  bool trouble_told_ = false;
  loop::Alarm regularly_;
  loop::Alarm soon_;
  net::SlowWork thread_;
};

}  // namespace xsuperd::service
