// SPDX-License-Identifier: MIT
// Carries out what the State decides. Internal to service.
#pragma once
#include <functional>
#include <optional>

#include "service/refusals.hpp"

namespace xsuperd::service {

/// Carries out what the State of a service has decided by passing it to the part that is responsible for it. The pause of
/// cps and the retries of a failed start are its own. Loop thread only.
class ActionPerformer final : public Performer {
 public:
  struct Needs {
    const Setup& setup;
    const Endpoints& endpoints;
    Endpoint::Owner& doors;
    Decider& decider;
    Endings& endings;
    Way& way;
    Judging& judging;
    Refusals& refusals;
    Timers& timers;
    const Journal& journal;
    const Clock& clock;
    std::function<bool()> open;  ///< opens the sockets of the service; are some open then?
  };
  explicit ActionPerformer(Needs needs) : needs_(std::move(needs)) {}

  void perform(const Action& action) override;
  void look_at(std::optional<base::Moment> moment) override { needs_.judging.look_at(moment); }

  // For an upgrade.
  /// When the pause of cps ends, if the service is paused.
  [[nodiscard]] std::optional<base::Moment> pause_end() const;
  void restore(std::optional<base::Moment> pause_end) { pause_end_ = pause_end; }
  void carry_on();

 private:
  void on(const Listen& action);
  void on(const Suspend& action);
  void on(const CloseSocket&);
  void on(const OpenSocket&);
  void on(const Spawn& action);
  void on(const Refuse& action);
  void on(const AskName& action);
  void on(const ArmPause& action);
  void on(const ArmRetry& action);
  void on(const Queue& action);
  void on(const Call& action);
  void on(const Ban& action);

  const Needs needs_;
  std::optional<base::Moment> pause_end_;  ///< of the last one
};

}  // namespace xsuperd::service
