// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "xsuperd/base/address.hpp"

/// The client side of the Identification Protocol (RFC 1413): asks the peer's host who opened a connection.
namespace xsuperd::net {

/// The outcome of a look-up.
struct IdentAnswer {
  enum class Outcome : std::uint8_t {
    ok,
    no_server,      ///< nobody listens there, or the host cannot be reached
    timeout,        ///< not complete when the deadline passed
    system_error,   ///< no socket, no free place, an address we cannot use, or the worker was lost
    receive_error,  ///< the connection broke, or ended or ran on without an end of line
    bad_response,   ///< a line, but not one that names a user: ERROR, other ports, garbage
  };
  Outcome outcome = Outcome::system_error;
  /// With ok: what follows the second colon, as "UNIX : joe"; the peer's raw bytes, at most 1024 and of one
  /// line, which must be escaped before they are logged (B12.32). Else empty.
  std::string text;
  /// For the daemon's log at level error (fact B7.30), on one line, already escaped; empty when there is
  /// nothing to tell beyond the outcome.
  std::string detail;
};

/// xinetd's words in NOID entries and after "Failed to contact identity server at ADDR: " (facts B7.16,
/// B7.30); "ok" for ok.
[[nodiscard]] std::string_view log_words(IdentAnswer::Outcome outcome);

/// The answer about a peer that has no IP address, and so no identity server: of a local peer the number of its user, as
/// the kernel knows it ("UNIX : 1000"); of others no_server.
[[nodiscard]] IdentAnswer answer_without_server(const base::Address& peer);

/// Where look-ups at identity servers are asked for: in a worker process (worker::IdentLookups), or nowhere
/// at all in tests. Nothing an identity server sends is read in this layer. Lives on the loop thread.
class IdentClient {
 public:
  using Done = std::function<void(IdentAnswer)>;
  using Lookup = std::uint64_t;

  virtual ~IdentClient() = default;
  /// Asks the host of `peer` who owns its connection to `local`. The connection for it comes from the same local
  /// address, if that is known; mapped addresses are taken as IPv4. The peer may sit in any network: everything it
  /// sends is considered hostile, and `deadline` is for the whole look-up. `done` is called once, on the loop thread
  /// and never from inside this call, unless the look-up is cancelled or this object destroyed before; it may ask
  /// again, and may destroy this object. Returns what cancel() wants, never 0.
  virtual Lookup ask(const base::Endpoint& local, const base::Endpoint& peer,
                     std::chrono::milliseconds deadline, Done done) = 0;
  /// Ends a look-up: its connection is closed soon and nothing is called. Nothing happens when it is over.
  virtual void cancel(Lookup lookup) = 0;
};

}  // namespace xsuperd::net
