// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"

namespace boost::asio {
class io_context;
}

/// The way from a name to addresses, for the targets of `redirect` (fact B10.1).
namespace xsuperd::net {

/// More addresses of one target are not tried. Hostile answers have thousands.
constexpr std::size_t most_target_addresses = 64;

/// Where connections to `host` may go, in the order in which they should be tried, each once, and no more than
/// most_target_addresses. `host` is a name, IPv4 and IPv6 addresses of which are taken in the order of the resolver, or an
/// address: IPv6 with an optional %scope, or IPv4 in any form that inet_aton(3) reads. Empty when there is none. Blocks as
/// long as the system's look-up does; thread safe.
[[nodiscard]] std::vector<base::Endpoint> resolve_target(const std::string& host, std::uint16_t port);

/// The same for a host that is written as an address, without asking anybody; nothing for a name. Does not block.
[[nodiscard]] std::optional<base::Endpoint> numeric_target(const std::string& host, std::uint16_t port);

/// Looks up the targets of redirects off the loop, with a deadline. Lives on the loop thread.
///
/// Equal questions share one look-up, however long it takes. An answer that came too late serves the next question, for
/// a short time. The look-ups are SlowWork: one that still hangs at the end is abandoned.
class ForwardResolver {
 public:
  struct Options {
    std::size_t threads = 4;
    std::size_t queue = 256;                      ///< targets that may wait for a thread
    std::size_t waiting = 4096;                   ///< questions that may wait for an answer
    std::chrono::milliseconds deadline{10'000};   ///< for each question
    std::chrono::milliseconds late_for{30'000};   ///< how long an answer that nobody waited for is believed
    std::function<std::vector<base::Endpoint>(const std::string&, std::uint16_t)> look_up = resolve_target;
  };
  /// As resolve_target(); empty, too, when no answer came in time or too many wait.
  using Done = std::function<void(std::vector<base::Endpoint>)>;
  /// Names a question.
  using Id = std::uint64_t;

  /// The loop must outlive the object.
  ForwardResolver(boost::asio::io_context& loop, Options options);
  /// Questions that are still open are never answered. Does not block.
  ~ForwardResolver();
  ForwardResolver(const ForwardResolver&) = delete;
  ForwardResolver& operator=(const ForwardResolver&) = delete;

  /// `done` is called once, on the loop thread and never from inside this call. It may ask again, and may end the
  /// resolver.
  Id ask(const std::string& host, std::uint16_t port, Done done);
  /// `done` is not called any more. Without effect when it has been.
  void cancel(Id id);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
