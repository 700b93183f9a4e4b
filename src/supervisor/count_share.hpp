// SPDX-License-Identifier: MIT
// Limits of a fleet: what passes between the counts of this host and the store. Internal to supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "supervisor/count_outbox.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::supervisor {

/// Gathers what services have counted for a tenth of a second, has it told, and puts into the counts what others have. As each
/// bucket begins it tells of all sessions that are here, and forgets what is over. Without a store, and with one that refuses to
/// count, services go on by what is known, and soon by what they have themselves; that costs a line in the log. Loop thread only.
class CountShare {
 public:
  struct With {
    boost::asio::io_context& loop;
    policy::FleetCounts& counts;
    const std::function<base::Moment()>& now;
    const log::DaemonLog& log;
    std::function<bool()> has_room;                        ///< for something that asks
    std::function<void(const fleet::Order&)> send;         ///< only then
  };
  /// All that it is given outlives it.
  explicit CountShare(With with);

  /// Is there a store in the configuration?
  void use(bool shared);
  /// Another image has told the store of the sessions that services take over.
  void inherit() {
    if (with_.counts.on()) outbox_.inherit();
  }
  /// To be called after services have touched the counts.
  void changed();
  /// There is room again.
  void go_on() { send(); }

  // What has become of the store.
  void met();
  void lost();
  /// It is another one, or somebody has emptied it.
  void has_nothing();
  // As the callbacks of Client.
  [[nodiscard]] bool counted(const fleet::Counted& word);
  [[nodiscard]] bool told_time(const fleet::Time& word);
  [[nodiscard]] bool uncounted(const fleet::Uncounted& word);

  /// How many pairs of a service and a source there are.
  [[nodiscard]] std::size_t size() const { return with_.counts.size(); }
  [[nodiscard]] std::uint64_t left_out() const { return with_.counts.left_out(); }
  /// What the store has said to the last count; empty: it counts.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  void gather();
  void send();
  void begin_bucket();
  void watch();
  void works();

  With with_;
  CountOutbox outbox_;
  loop::Alarm gathering_;
  loop::Alarm bucket_;     ///< the next one begins
  loop::Alarm resuming_;   ///< after the store has refused something
  std::chrono::milliseconds pause_;
  std::string trouble_;
  base::Moment asked_{};   ///< when its clock was
  bool met_ = false;
  bool full_told_ = false;
};

}  // namespace xsuperd::supervisor
