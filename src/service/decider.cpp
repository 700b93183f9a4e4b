// SPDX-License-Identifier: MIT
#include "service/decider.hpp"

#include <exception>

#include "service/fleet_notes.hpp"

namespace xsuperd::service {

namespace {

/// Keeps the count of all servers in step with a State's, whatever is thrown meanwhile.
class Follow {
 public:
  Follow(std::uint64_t& all, const State& state) : all_(all), state_(state), before_(state.running()) {}
  ~Follow() {
    all_ += state_.running();
    all_ -= before_;
  }
  Follow(const Follow&) = delete;
  Follow& operator=(const Follow&) = delete;

 private:
  std::uint64_t& all_;
  const State& state_;
  std::size_t before_;
};

}  // namespace

Decider::Decider(std::shared_ptr<const policy::Policy> policy, Census& census, const Hooks& hooks, Performer& performer)
    : census_(census), hooks_(hooks), performer_(performer), state_(std::move(policy)) {}

void Decider::feed(const Event& event, Performer& performer) {
  const auto decide = [&] {
    const Follow follow(census_.processes, state_);
    return state_.handle(event);
  };
  const FleetNotes notes(census_.fleet, state_, event);
  if (std::holds_alternative<Look>(event)) look_.reset();  // it has been given, and may be wanted at the same moment again
  const Actions actions = decide();
  std::exception_ptr thrown;
  for (const Action& action : actions) {
    try {
      performer.perform(action);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (const auto look = state_.next_look(); look != look_) performer_.look_at(look_ = look);
  if (hooks_.on_change) hooks_.on_change();
  try {
    notes.put(census_.fleet, actions);
    if (census_.fleet.any_changed() && hooks_.on_counts) hooks_.on_counts();
  } catch (const std::bad_alloc&) {  // a note that is missed heals with the next
  }
  if (thrown) std::rethrow_exception(thrown);
}

void Decider::restore(const StateSnapshot& snapshot, base::Moment now) {
  state_.restore(snapshot);
  census_.processes += state_.running();
  note_places(census_.fleet, state_, now);
}

}  // namespace xsuperd::service
