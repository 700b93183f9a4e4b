// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/base/address.hpp"

namespace boost::asio {
class io_context;
}

/// The client side of the Identification Protocol (RFC 1413): who, says the peer's host, opened a connection.
namespace xsuperd::net {

/// What came of a look-up.
struct IdentAnswer {
  enum class Outcome : std::uint8_t {
    ok,
    no_server,      ///< nobody listens there, or the host cannot be reached
    timeout,        ///< not complete when the deadline passed
    system_error,   ///< no socket, no free place, an address we cannot use
    receive_error,  ///< the connection broke, or ended or ran on without an end of line
    bad_response,   ///< a line, but not one that names a user: ERROR, other ports, garbage
  };
  Outcome outcome = Outcome::system_error;
  /// With ok: what follows the second colon, as "UNIX : joe"; the peer's raw bytes, at most 1024, which must
  /// be escaped before they are logged (B12.32). Else empty.
  std::string text;
  /// For the daemon's log at level error (fact B7.30), on one line, already escaped; empty when there is
  /// nothing to tell beyond the outcome.
  std::string detail;
};

/// xinetd's words in NOID entries and after "Failed to contact identity server at ADDR: " (facts B7.16,
/// B7.30); "ok" for ok.
[[nodiscard]] std::string_view log_words(IdentAnswer::Outcome outcome);

/// The text of a reply, "6193, 23 : USERID : UNIX : joe" giving "UNIX : joe" (facts B7.15, B7.29); nothing
/// when the line is no identification of this connection. The text ends before the first CR. Pure.
[[nodiscard]] std::optional<std::string> parse_ident_reply(std::string_view line, std::uint16_t peer_port,
                                                           std::uint16_t local_port);

/// Asks identity servers, several at a time and not more than allowed (B12.43). Lives on the loop thread.
class IdentClient {
 public:
  struct Options {
    std::size_t most = 15;     ///< look-ups at a time, as -logprocs has it (fact B1.17)
    std::uint16_t port = 113;  ///< where identity servers listen
  };
  using Done = std::function<void(IdentAnswer)>;

  /// The loop must outlive the client.
  IdentClient(boost::asio::io_context& loop, Options options);
  /// Look-ups that are under way end without an answer.
  ~IdentClient();
  IdentClient(const IdentClient&) = delete;
  IdentClient& operator=(const IdentClient&) = delete;

  /// Asks the host of `peer` who owns its connection to `local`. The connection for it comes from the same
  /// local address, if that is known; mapped addresses are taken as IPv4. The peer may sit in any network:
  /// all it sends is taken for hostile, and `deadline` is for the whole look-up. `done` is called exactly
  /// once, on the loop thread and never from inside this call; it may ask again, and may end the client. With
  /// `most` look-ups under way the answer is a system_error at once.
  void ask(const base::Endpoint& local, const base::Endpoint& peer, std::chrono::milliseconds deadline,
           Done done);

  /// Look-ups under way.
  [[nodiscard]] std::size_t running() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
