// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/config/store_address.hpp"
#include "xsuperd/fleet/helper.hpp"
#include "xsuperd/fleet/words.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::fleet {

/// Which stores there are, and how they are spoken to.
struct Stores {
  std::vector<config::StoreAddress> addresses = {};  ///< in the order in which they are tried; none: bans are not shared
  std::string password_file = {};                    ///< a path; empty: none
  std::string authorities = {};                      ///< a path, for TLS
  bool operator==(const Stores&) const = default;
};

/// The daemon's side of what is shared: connects to a store for the process, hands it the connections, and begins again, with
/// growing pauses, when store or process is gone. Where an address is that of a Sentinel, the process asks it first where the
/// store is. What the process says is considered hostile. Lives on the loop thread, never waits.
class Client {
 public:
  struct Options {
    std::string host = {};         ///< our name
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds longest_pause{30'000};
    /// A store that was there for so long is tried again after the first pause.
    std::chrono::milliseconds healthy_after{5'000};
  };
  /// They may call send(), and nothing else of the Client.
  struct Callbacks {
    std::function<void()> on_met;                         ///< changes may be sent
    std::function<void()> on_listed;                      ///< all has been heard that the store had then; once
    /// None of those under way has an outcome any more. `all`: there is no other address that is tried at once.
    std::function<void(bool all)> on_lost;
    std::function<void(std::size_t count)> on_done;       ///< of the oldest
    std::function<void(std::size_t count, const std::string& why)> on_refused;
    std::function<void(const Heard&)> on_heard;
    std::function<void(const Lifted&)> on_lifted;
    std::function<void()> on_emptied;
    // The outcomes of what asks; false: what is under way cannot have it.
    std::function<bool(const Counted&)> on_counted;
    std::function<bool(const Time&)> on_time;
    std::function<bool(const Uncounted&)> on_uncounted;
  };
  /// Loop and process outlive it.
  Client(boost::asio::io_context& loop, Helper& helper, Options options, Callbacks callbacks);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// From now on these; true when they are others than before, and the process begins anew.
  bool use(Stores stores);
  /// Is there a store that takes changes, and are less than most_under_way with it?
  [[nodiscard]] bool has_room() const;
  /// And room for something that asks (Count, AskTime)? Of these only half of most_under_way are with it at a time, so that a
  /// change always finds room soon.
  [[nodiscard]] bool has_room_to_ask() const;
  /// Only when has_room(), or has_room_to_ask().
  void send(const Order& order);

  [[nodiscard]] bool wanted() const;
  [[nodiscard]] bool met() const;
  /// The address of the store that is there, or was tried last, and behind that of a Sentinel the primary that it has named:
  /// "sentinel://s1/mymaster (primary 192.0.2.5:6379)". Empty: none is wanted.
  [[nodiscard]] const std::string& store() const;
  /// Why none is there; empty: one is, or none has been tried yet.
  [[nodiscard]] const std::string& trouble() const;

 private:
  friend struct Hearing;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::fleet
