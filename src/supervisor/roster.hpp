// SPDX-License-Identifier: MIT
// Who serves. Internal to supervisor.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "supervisor/hand_over.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::supervisor {

using Runners = std::vector<std::shared_ptr<service::Runner>>;

/// Owns the Runners of all services: those that are served, and retired ones whose sessions go on; with what has to be
/// remembered of services beyond the life of a Runner. Loop thread only.
///
/// Whoever calls a Runner's functions while he goes through a list goes through a copy, unless they cannot change it.
class Roster {
 public:
  /// In reading order.
  [[nodiscard]] const Runners& served() const { return served_; }
  [[nodiscard]] const Runners& retired() const { return retired_; }
  /// The one of a service that is served; null when there is none.
  [[nodiscard]] std::shared_ptr<service::Runner> find(const std::shared_ptr<const config::Service>& service) const;

  /// Another number each time that the lists have changed, or counters have begun anew: whoever goes through a list in several
  /// turns of the loop sees from it whether the parts belong together.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  /// One more service, behind the others.
  void add(std::shared_ptr<service::Runner> runner) { ++changes_, served_.push_back(std::move(runner)); }
  /// From now on these are served. Those that are no longer among them were retired before.
  void serve(Runners runners) { ++changes_, served_ = std::move(runners); }
  /// `after` takes the place of `before` on the list; null: the place goes as well. `before` is retired by the caller.
  void replace(const std::shared_ptr<service::Runner>& before, std::shared_ptr<service::Runner> after);
  /// Puts one on the list of the retired, which was retired already.
  void add_retired(std::shared_ptr<service::Runner> runner) { ++changes_, retired_.push_back(std::move(runner)); }
  /// Retires it, which stays on its list if it is on one; an idle one is kept until the next collect(), too.
  void retire(const std::shared_ptr<service::Runner>& runner, service::Runner::Servers servers);
  /// Lets go of the retired ones that are idle; their counts stay in the totals.
  void collect();

  /// Of all services since the start, those that are no more included.
  [[nodiscard]] service::Counters counters() const;
  /// What is in the totals, but not in the counters of any on a list.
  [[nodiscard]] const service::Counters& gone() const { return gone_; }
  /// Forgets what all services have counted, but for requests that are not decided yet.
  void count_anew();
  /// The same for one; what it has counted stays in the totals.
  void count_anew(service::Runner& runner) { ++changes_, gone_ += runner.count_anew(); }
  /// Of those that are served: how many are open, or will be by themselves or by an administrator's word.
  [[nodiscard]] std::size_t available() const;
  /// Does a service that is closed wait for an answer that says whether it can be opened?
  [[nodiscard]] bool asks() const;
  /// Is a server of one that is served being started?
  [[nodiscard]] bool starts_a_server() const;

  /// What an administrator has made of a service: kept by id, so that a Runner that takes its place finds it.
  void set_standing(service::Runner& runner, service::Standing standing);
  void restore_standing(service::Runner& runner) const;

  /// Every Runner, of retired services too.
  template <typename F>
  void for_each(F f) const {
    for (const Runners* list : {&served_, &retired_})
      for (const auto& runner : *list) f(runner);
  }
  /// Every running server and every conversation.
  template <typename F>
  void for_each_server(F f) const {
    for_each([&](const auto& runner) {
      for (const auto& [token, session] : runner->sessions().all())
        if (session.served()) f(*runner, session);
    });
  }

  /// For an upgrade: adds the Runners, and services that `config` has not, to a state that has the configuration already.
  void hand_over(const config::Config& config, HandOver& state) const;
  /// All but the Runners.
  void restore(const HandOver& state);

 private:
  Runners served_;
  Runners retired_;
  std::uint64_t changes_ = 0;
  service::Counters gone_;  ///< of services that are no more, and of those that count anew since
  std::unordered_map<std::string, service::Standing> standings_;  ///< by id in lower case; lives as long as the daemon
};

}  // namespace xsuperd::supervisor
