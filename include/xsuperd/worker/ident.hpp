// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "xsuperd/net/ident.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace boost::asio {
class io_context;
}

namespace xsuperd::worker {

/// Look-ups at identity servers, as conversations in a worker, several at a time and not more than allowed (B12.43).
/// This side makes and binds the socket, which a worker may not; it connects, asks, reads and parses nothing. What the
/// worker reports is considered hostile, and the deadline is kept here too: a look-up whose worker is lost, or says
/// nothing, has its answer all the same.
class IdentLookups final : public net::IdentClient {
 public:
  struct Options {
    std::size_t most = 15;     ///< look-ups at a time, as -logprocs has it (fact B1.17)
    std::uint16_t port = 113;  ///< where identity servers listen
    /// Tokens that nobody else uses for `conversations`, and not 0.
    std::function<std::uint64_t()> new_token;
  };

  /// Loop and conversations must outlive it.
  IdentLookups(boost::asio::io_context& loop, Conversations& conversations, Options options);
  /// Look-ups that are under way end without an answer.
  ~IdentLookups() override;
  IdentLookups(const IdentLookups&) = delete;
  IdentLookups& operator=(const IdentLookups&) = delete;

  /// With `most` look-ups under way, and for addresses that cannot be used, the answer is a system_error at
  /// once.
  Lookup ask(const base::Endpoint& local, const base::Endpoint& peer, std::chrono::milliseconds deadline,
             Done done) override;
  void cancel(Lookup lookup) override;

  /// Look-ups under way.
  [[nodiscard]] std::size_t running() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::worker
