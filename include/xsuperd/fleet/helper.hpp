// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "xsuperd/fleet/words.hpp"
#include "xsuperd/worker/client.hpp"

namespace boost::asio {
class io_context;
}
namespace xsuperd::spawn {
class Spawner;
}

namespace xsuperd::fleet {

/// The process, as the daemon has it: one for all that is talked with. It is there as long as somebody needs it, and begins again,
/// with growing pauses, when it is gone. What it says is considered hostile: a process that breaks the protocol, or is silent, is
/// killed. Lives on the loop thread, never waits.
class Helper {
 public:
  struct Options {
    worker::WorkerUser user = {};  ///< who the process becomes when the daemon is root
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds longest_pause{30'000};
    /// One that was there for so long is started again after the first pause.
    std::chrono::milliseconds healthy_after{5'000};
    std::chrono::milliseconds silence{30'000};  ///< after which a process that shows no sign of life is killed
    /// What is wrong with the process, for the log; what does not go away by itself is said once.
    std::function<void(const std::string& sentence)> on_trouble = {};
  };
  /// What somebody needs. `tls`: the process can speak TLS, and keeps the keys for it in memory that is not swapped.
  enum class Need : std::uint8_t { nothing, clear, tls };
  /// One who talks through it. These may call send(), and nothing else of the Helper.
  struct User {
    std::function<void()> on_ready;                         ///< orders may be sent
    std::function<void(const std::string& why)> on_gone;    ///< another is begun; empty: because of what others need
    std::function<bool(const Word&)> on_word;               ///< of his source; false: it cannot be meant now
  };
  /// Loop and spawner outlive it.
  Helper(boost::asio::io_context& loop, spawn::Spawner& spawner, Options options);
  ~Helper();
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  /// Whoever talks with that source, from now on. He lives as long as the loop runs.
  void attach(Source source, User user);
  /// That is needed for the source from now on: the process begins anew, in the next turn of the loop, if anybody needs one.
  void need(Source source, Need need);
  /// One that waits to be started does so now.
  void hurry();
  /// Does not wait; 0, or errno. Only between on_ready and on_gone.
  [[nodiscard]] int send(std::string_view bytes, std::span<const int> descriptors = {});
  /// For an upgrade: whoever takes over must reap it. -1: none.
  [[nodiscard]] int pidfd() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::fleet
