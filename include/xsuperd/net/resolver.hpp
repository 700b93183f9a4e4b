// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/peer_name.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::net {

/// The look-up failed: no answer, a failing name server, or a useless answer. That a name does not exist is an answer.
class LookUpFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A source of names and addresses: the system, or a fake in tests. Its functions may take as long as they like. They
/// are called on the Resolver's threads, from several at a time, and throw LookUpFailed.
class NameSource {
 public:
  virtual ~NameSource() = default;
  /// The names of an address as they are found (PTR records, /etc/hosts with its aliases); empty when there
  /// are none.
  [[nodiscard]] virtual std::vector<std::string> names_of(const base::Address& address) = 0;
  /// The addresses of a name in one family; empty when there are none.
  [[nodiscard]] virtual std::vector<base::Address> addresses_of(const std::string& name,
                                                                base::Address::Family family) = 0;
};

/// The system's own look-ups, as nsswitch.conf orders them.
[[nodiscard]] std::shared_ptr<NameSource> system_names();

/// Looks for the names of `address`. Confirmed are those whose own addresses contain it (B12.30: whoever writes a PTR
/// record cannot claim somebody else's name), each once and without the final dot. Names that read as addresses or hold
/// anything but letters, digits, '-', '_' and '.' are never confirmed; no more than eight are tried, and none once
/// `go_on` says no. What is not confirmed is claimed. The look-up counts as failed when the names could not be had, or
/// were more than sixty-four, which are not all looked at. Blocks as long as the source does.
[[nodiscard]] base::PeerName peer_name(NameSource& source, const base::Address& address,
                                       const std::function<bool()>& go_on);

/// Looks up the names of peers off the loop, with a deadline (facts B5.19, B5.20). Lives on the loop thread.
///
/// Equal questions share one look-up. Answers are kept for a short time; so is one that came too late for its question,
/// and then serves the next. The look-ups are SlowWork: one that still hangs when the Resolver ends is abandoned.
class Resolver {
 public:
  struct Options {
    std::size_t threads = 2;
    std::size_t queue = 1024;                     ///< questions that may wait for a thread
    std::size_t waiting = 4096;                   ///< questions that may wait for an answer
    std::chrono::milliseconds deadline{5000};     ///< for each question
    std::size_t cache = 4096;                     ///< addresses to remember
    std::chrono::milliseconds known_for{60'000};  ///< how long confirmed names are believed
    std::chrono::milliseconds unknown_for{
        10'000};  ///< how long nobody asks again after an answer without names
    std::shared_ptr<NameSource> source = nullptr;  ///< none: system_names()
  };
  /// Never not_asked.
  using Done = std::function<void(base::PeerName)>;

  /// The loop must outlive the Resolver.
  Resolver(boost::asio::io_context& loop, Options options);
  /// Questions that are still open are never answered. Does not block.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Asks for the names of the unmapped form of `peer` (B12.53). `done` is called exactly once, on the loop
  /// thread and never from inside this call. The look-up counts as failed when the deadline has passed, and at
  /// once when too many wait; an unknown `peer` has no name. `done` may ask again, and may end the Resolver.
  void names_of(const base::Address& peer, Done done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
