// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "xsuperd/config/lapi_address.hpp"
#include "xsuperd/fleet/helper.hpp"
#include "xsuperd/fleet/words.hpp"

namespace xsuperd::fleet {

/// Which Local API of CrowdSec there is, and how it is spoken to.
struct Lapi {
  config::LapiAddress address = {};
  std::string key_file = {};     ///< a path
  std::string authorities = {};  ///< a path, for TLS
  bool operator==(const Lapi&) const = default;
};

/// The daemon's side of what CrowdSec decides: connects to the Local API for the process, hands it the connection, and begins again,
/// with growing pauses, when either is gone. All decisions are asked for when contact was lost, and only what has changed when the
/// Local API has but closed a connection between two answers. What the process says is considered hostile. Lives on the loop
/// thread, never waits.
class LapiClient {
 public:
  struct Options {
    std::chrono::milliseconds first_pause{1'000};
    std::chrono::milliseconds longest_pause{60'000};
    /// One that has answered for so long is tried again after the first pause.
    std::chrono::milliseconds healthy_after{15'000};
    std::chrono::milliseconds ask_every{10'000};  ///< where each answer needs another connection
  };
  /// They may call nothing of the LapiClient that changes it.
  struct Callbacks {
    std::function<void()> on_met;   ///< it has answered, for the first time or again
    std::function<void()> on_lost;  ///< see trouble()
    std::function<void(const Heard&)> on_heard;
    std::function<void(const Lifted&)> on_lifted;
    std::function<void(std::size_t count)> on_left_out;  ///< decisions of an answer
  };
  /// Loop and process outlive it.
  LapiClient(boost::asio::io_context& loop, Helper& helper, Options options, Callbacks callbacks);
  ~LapiClient();
  LapiClient(const LapiClient&) = delete;
  LapiClient& operator=(const LapiClient&) = delete;

  /// From now on that one, or none.
  void use(std::optional<Lapi> lapi);
  /// All decisions are asked for once more, over another connection and through the same process, in the next turn of the loop;
  /// met() is false until they have been told. Without a process, they are the first that the next one is asked for anyway.
  void ask_anew();

  [[nodiscard]] bool wanted() const;
  /// Has it answered, and nothing been wrong since?
  [[nodiscard]] bool met() const;
  /// Its URL; empty without one.
  [[nodiscard]] std::string url() const;
  /// What is wrong; empty: nothing, or it has not been tried yet.
  [[nodiscard]] const std::string& trouble() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::fleet
