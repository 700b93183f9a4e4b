// SPDX-License-Identifier: MIT
// How a request is judged. Internal to service.
#pragma once
#include "service/departures.hpp"
#include "service/life.hpp"
#include "service/way.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::service {

/// Puts the question about a request to the State, with what is known of the peer, and once more when its name has been
/// looked up or a place may have become free. Loop thread only.
class Judging {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    Endings& endings;
    Departures& departures;
    Way& way;
    Asked& asked;
    const Bans& bans;
    const Census& census;
    const Clock& clock;
    const Life& life;
    boost::asio::io_context& loop;
  };
  explicit Judging(const Needs& needs);

  /// The first time: from now on it counts as a request.
  void judge(Token token);
  /// In a new image: it has been counted already.
  void judge_anew(Token token);
  /// The name of its peer is needed. The connection waits for it, not the service.
  void ask_name(Token token);
  /// A place may have become free in this very turn of the loop: servers that have ended are looked at before a peer is
  /// sent away for want of room, as xinetd handles its signals before its services. False when `reason` is another one, or
  /// the request has been given its second chance: then it is refused.
  [[nodiscard]] bool judge_later(Token token, policy::Reason reason);

  /// A request has been refused in the end, which may cost its source time.
  void refused(const Session& session, const policy::Verdict& verdict);

  // Those that wait in the queue.
  void lined_up(Token token);
  /// Its turn has come: in the next turn of the loop it is judged again, or withdrawn if its peer has left.
  void call(Token token);
  /// The State is given a Look then; nothing: not at all.
  void look_at(std::optional<base::Moment> moment);
  /// The configuration has changed, or goes on in a new image. `counts_on`: see Reconfigured.
  void reconfigured(bool counts_on);

 private:
  [[nodiscard]] policy::Question question(const Session& session, base::Moment now) const;
  [[nodiscard]] std::optional<policy::FleetCounts::Known> fleet_of(const base::Address& peer) const;
  void feed(Token token, bool again);
  void named(Token token, base::PeerName name);
  void judge_called();

  const Needs needs_;
  loop::Alarm look_, later_;
  Token called_ = 0;  ///< to be judged in the next turn of the loop; 0: nobody
};

}  // namespace xsuperd::service
