// SPDX-License-Identifier: MIT
// Where events meet the State of a service. Internal to service.
#pragma once
#include <memory>
#include <optional>

#include "xsuperd/service/state.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// Carries out what the State has decided.
class Performer {
 public:
  /// An exception does not affect the actions that follow.
  virtual void perform(const Action& action) = 0;
  /// When the State wants to be given a Look, as of now; nothing: not at all.
  virtual void look_at(std::optional<base::Moment>) {}

 protected:
  ~Performer() = default;
};

/// Owns the State of a service: tells it what happens, has a Performer do what it decides, and keeps the count of the
/// places taken in all services in step with it, and that of what the fleet has. Every decision about the service passes here.
/// Loop thread only.
class Decider {
 public:
  /// All but the policy outlive it.
  Decider(std::shared_ptr<const policy::Policy> policy, Census& census, const Hooks& hooks, Performer& performer);

  [[nodiscard]] const State& state() const { return state_; }
  /// Everything that was decided is carried out even if one of the actions throws; the exception is rethrown afterwards.
  void feed(const Event& event) { feed(event, performer_); }
  /// The same with another Performer for this event.
  void feed(const Event& event, Performer& performer);
  [[nodiscard]] Performer& performer() const { return performer_; }
  /// Continues from the state of another image of the daemon. To be called before any event.
  void restore(const StateSnapshot& snapshot, base::Moment now);
  /// Requests that `before` has seen count as seen by this one, too.
  void count_on_from(const Decider& before) { state_.count_on_from(before.state_); }

 private:
  Census& census_;
  const Hooks& hooks_;
  Performer& performer_;
  State state_;
  std::optional<base::Moment> look_;  ///< what the Performer was told last
};

}  // namespace xsuperd::service
