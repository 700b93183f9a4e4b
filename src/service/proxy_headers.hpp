// SPDX-License-Identifier: MIT
// Peers that speak for others (decision B15.51). Internal to service.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <functional>
#include <vector>

#include "service/refusals.hpp"
#include "service/timers.hpp"
#include "service/way.hpp"

namespace xsuperd::service {

/// Has the header with which a proxy begins read in a worker, before anything else is asked of the connection. The worker looks
/// at it and leaves it where it is, so that another one can look again; then the kernel is told to throw it away. Takes no
/// place; bounded in number, and in time also where no worker keeps to it. Loop thread only.
class ProxyHeaders {
 public:
  /// Headers of one service that are waited for.
  static constexpr std::size_t most = 256;

  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Endings& endings;
    Way& way;
    Refusals& refusals;
    worker::Conversations& conversations;
    Timers& timers;
    const Clock& clock;
    const Life& life;
    std::function<void(Token)> go_on;  ///< the session goes on as if its client had come by itself
  };
  explicit ProxyHeaders(Needs needs) : needs_(std::move(needs)) {}

  /// Is its peer a proxy of proxy_from?
  [[nodiscard]] bool wanted(Token token) const;
  void read(Token token);
  /// In a new image: one that is in its phase `heading`.
  void carry_on(Token token);
  /// The service is no more: nobody is waited for.
  void give_up();

 private:
  using Result = worker::ProxyHeader::Result;
  /// Longer than a worker may be silent before it is replaced.
  static constexpr std::chrono::seconds grace{10};
  [[nodiscard]] bool has_room();
  void begin(Token token);
  void watch(Token token);
  void watch_until(base::Moment moment);
  void look_for_overdue();
  [[nodiscard]] std::chrono::seconds patience() const;
  void refuse(Token token);
  void lost(Token token, Session& session);
  void overdue(Token token);
  [[nodiscard]] worker::Conversations::Done done(Token token);
  void ended(Token token, const worker::Ending& ending);
  void taken(Token token, Session& session, const worker::ProxyHeader& header);

  const Needs needs_;
  boost::unordered_flat_map<Token, base::Moment> awaited_;  ///< and how long; some of them may have ended
  std::uint64_t timer_ = 0;
};

}  // namespace xsuperd::service
