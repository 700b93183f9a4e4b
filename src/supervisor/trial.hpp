// SPDX-License-Identifier: MIT
// The trial run of a new image before the old one gives anything up. Internal to supervisor.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::supervisor {

/// Starts the binary as a child that gets the state through a socket and says whether it could take it over. Whatever
/// else happens (it cannot be executed, says nothing, crashes, takes too long) is a refusal. Never waits; lives on the
/// loop thread. Destroying it kills the child.
class Trial : public std::enable_shared_from_this<Trial> {
 public:
  using Done = std::function<void(base::Result<std::string> notes)>;
  struct What {
    std::string binary;  ///< its name, for messages
    std::vector<std::string> arguments;    ///< the daemon's, argv[0] included
    std::vector<std::string> environment;  ///< the daemon's
    std::string state;
    std::chrono::milliseconds limit{10'000};
    std::string file = {};  ///< the path to execute it by, as long as this lasts; empty: `binary`
  };
  /// Spawner and loop outlive it. `done` is called once, never from inside start(), which may throw: then abandon() it.
  Trial(boost::asio::io_context& loop, What what, Done done);
  ~Trial();
  void start(spawn::Spawner& spawner);
  /// For who does not want to hear of it any more, because start() has thrown: its process is killed, and reaped.
  void abandon() noexcept;

 private:
  void send();
  void receive();
  void take_answer();
  void take_answer_or_give_up();
  void too_late();
  void ended(const spawn::Ended& how);
  void finish(base::Result<std::string> result);
  void tell(base::Result<std::string> result);
  [[nodiscard]] base::Result<std::string> verdict(const spawn::Ended& how) const;

  What what_;
  Done done_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  spawn::Children child_;
  std::size_t sent_ = 0;
  bool late_ = false;
  std::string answer_;
  std::shared_ptr<Trial> self_;  ///< of one that was abandoned, until its process has ended
};

}  // namespace xsuperd::supervisor
