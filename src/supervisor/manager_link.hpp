// SPDX-License-Identifier: MIT
// What the daemon tells the service manager that started it. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/service_manager.hpp"

namespace xsuperd::supervisor {

/// Says that the daemon is ready, reloads, ends and lives, how it is, and which sockets are to be kept for the next
/// one. Words leave in order by a thread of their own, because the manager may be slow to take them; without a manager
/// nothing happens at all. Lives on the loop thread; timers run only while there is something to say. Its destructor
/// waits until all has been said.
class ManagerLink {
 public:
  /// A listening socket, and the name to keep it under. The manager forgets by name, so that of several with one name
  /// only the first is kept.
  struct Kept {
    std::string name;
    int fd = -1;
  };
  struct Asks {
    std::function<std::string()> status;        ///< one line
    std::function<std::vector<Kept>()> sockets; ///< that are to be kept now
    std::function<void(std::string)> on_trouble; ///< a sentence for the log, once for each kind of trouble
  };
  /// What the manager wants of us.
  struct Terms {
    std::optional<std::chrono::microseconds> watchdog;  ///< within which time it wants to hear of us
    std::optional<std::size_t> store;                   ///< how many descriptors it keeps at most, if it said so
  };
  ManagerLink(boost::asio::io_context& loop, std::unique_ptr<net::ServiceManager> manager, Terms terms, Asks asks);
  ~ManagerLink();

  [[nodiscard]] bool there() const { return manager_ != nullptr; }
  /// What the manager keeps under these names it has kept since before this process. A name that comes twice is
  /// forgotten, and then kept anew.
  void kept_before(const std::vector<Kept>& sockets);

  /// Serving, for the first time or again; from the first time on the other words follow by themselves.
  void ready();
  void reloading();
  void stopping();
  /// The status may be another one. Cheap; may be called all the time.
  void changed();
  /// Some socket has been opened or closed.
  void sockets_changed();

  static constexpr std::chrono::milliseconds status_delay{200};  ///< for what changes together
  static constexpr std::chrono::seconds status_pause{2};         ///< between two words of it
  static constexpr std::chrono::milliseconds store_delay{20};

 private:
  void say(std::string lines);
  void off_loop(std::function<base::Result<void>()> word);
  void tell_status();
  void update_store();
  void check_room();
  void watch();

  boost::asio::io_context& loop_;
  std::shared_ptr<net::ServiceManager> manager_;
  const Terms terms_;
  Asks asks_;
  std::optional<boost::asio::thread_pool> speaker_;  ///< one thread, so that words stay in order
  loop::Alarm status_alarm_;
  loop::Alarm store_alarm_;
  loop::Alarm watchdog_alarm_;
  bool begun_ = false;
  bool ending_ = false;
  bool complained_ = false;
  bool overflow_told_ = false;
  std::string status_;  ///< as told last
  std::chrono::steady_clock::time_point status_told_{};
  std::unordered_map<std::string, std::uint64_t> kept_;  ///< by name: which socket
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

/// "12 services, 3 servers; failed: ftp ssh and 2 more". Pure.
[[nodiscard]] std::string status_line(std::size_t services, std::size_t servers,
                                      const std::vector<std::string>& failed);

}  // namespace xsuperd::supervisor
