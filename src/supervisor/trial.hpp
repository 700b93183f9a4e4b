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
    std::string binary;
    std::vector<std::string> arguments;    ///< the daemon's, argv[0] included
    std::vector<std::string> environment;  ///< the daemon's
    std::string state;
    std::chrono::milliseconds limit{10'000};
  };
  /// Spawner and loop outlive it. `done` is called once, never from inside start().
  Trial(boost::asio::io_context& loop, What what, Done done);
  ~Trial();
  void start(spawn::Spawner& spawner);

 private:
  void send();
  void receive();
  void take_answer();
  void too_late();
  void ended(const spawn::Ended& how);
  void finish(base::Result<std::string> result);
  [[nodiscard]] base::Result<std::string> verdict(const spawn::Ended& how) const;

  What what_;
  Done done_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  spawn::Children child_;
  std::size_t sent_ = 0;
  bool late_ = false;
  std::string answer_;
};

}  // namespace xsuperd::supervisor
