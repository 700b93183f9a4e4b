// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::net {

/// What somebody says of names and addresses: the system, or a fake in tests. Its functions may take as long
/// as they like. They are called on the Resolver's threads, from several at a time.
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

/// The names of `address` whose own addresses contain it (B12.30: whoever writes a PTR record cannot choose a
/// name that is not his). In lower case, without final dot, each once. Left out are names that read as
/// addresses or hold anything but letters, digits, '-', '_' and '.'; no more than eight are tried, and none
/// once `go_on` says no. Blocks as long as the source does.
[[nodiscard]] std::vector<std::string> confirmed_names(NameSource& source, const base::Address& address,
                                                       const std::function<bool()>& go_on);

/// Looks up the names of peers off the loop, with a deadline (facts B5.19, B5.20). Lives on the loop thread.
///
/// Equal questions share one look-up. Answers are kept for a short time; so is one that came too late for its
/// question, and then serves the next. Threads are started when they are needed, with all signals blocked. A
/// look-up that hangs at the Resolver's end is left to itself.
class Resolver {
 public:
  struct Options {
    std::size_t threads = 2;
    std::size_t queue = 1024;                     ///< questions that may wait for a thread
    std::chrono::milliseconds deadline{5000};     ///< for each question
    std::size_t cache = 4096;                     ///< addresses to remember
    std::chrono::milliseconds known_for{60'000};  ///< how long confirmed names are believed
    std::chrono::milliseconds unknown_for{
        10'000};  ///< how long nobody asks again after an answer without names
    std::shared_ptr<NameSource> source = nullptr;  ///< none: system_names()
  };
  /// Names in lower case without final dot, forward-confirmed; empty: unknown.
  using Done = std::function<void(std::vector<std::string>)>;

  /// The loop must outlive the Resolver.
  Resolver(boost::asio::io_context& loop, Options options);
  /// Questions that are still open are never answered. Does not block.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Asks for the names of the unmapped form of `peer` (B12.53). `done` is called exactly once, on the loop
  /// thread and never from inside this call: with no names when there are none, when the deadline has passed,
  /// when `peer` is unknown, or at once when the queue is full. It may ask again, and may end the Resolver.
  void names_of(const base::Address& peer, Done done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
