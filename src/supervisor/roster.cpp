// SPDX-License-Identifier: MIT
#include "supervisor/roster.hpp"

#include <algorithm>

#include "supervisor/hand_over_config.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

std::shared_ptr<service::Runner> Roster::find(const std::shared_ptr<const config::Service>& service) const {
  const auto found = std::ranges::find_if(served_, [&](const auto& one) { return one->state().policy().shared_service() == service; });
  return found == served_.end() ? nullptr : *found;
}

void Roster::replace(const std::shared_ptr<service::Runner>& before, std::shared_ptr<service::Runner> after) {
  const auto found = std::ranges::find(served_, before);
  if (found == served_.end()) return;
  ++changes_;
  if (after)
    *found = std::move(after);
  else
    served_.erase(found);
}

void Roster::retire(const std::shared_ptr<service::Runner>& runner, service::Runner::Servers servers) {
  runner->retire(servers);
  add_retired(runner);
}

void Roster::collect() {
  changes_ += std::erase_if(retired_, [this](const auto& runner) {
    if (runner->sessions().empty()) gone_ += runner->counters();
    return runner->sessions().empty();
  });
}

service::Counters Roster::counters() const {
  service::Counters sum = gone_;
  for_each([&](const auto& runner) { sum += runner->counters(); });
  return sum;
}

void Roster::count_anew() {
  ++changes_;
  for_each([](const auto& runner) { (void)runner->count_anew(); });
  gone_ = {};
}

std::size_t Roster::available() const {
  std::size_t count = 0;
  // Those that an administrator has closed will be opened again, and those that wait for a name, too.
  for (const auto& runner : served_)
    count += runner->endpoints().open() || runner->state().phase() == service::Phase::paused || !waits_for(*runner).empty() ||
             runner->standing() != service::Standing::serving;
  return count;
}

bool Roster::asks() const {
  return std::ranges::any_of(served_, [](const auto& runner) { return runner->targets().asks(); });
}

bool Roster::starts_a_server() const {
  using Unsettled = service::Runner::Unsettled;
  return std::ranges::any_of(served_, [](const auto& runner) { return runner->unsettled() == Unsettled::spawning; });
}

void Roster::set_standing(service::Runner& runner, service::Standing standing) {
  const std::string id = base::to_lower(runner.service().id);
  if (standing == service::Standing::serving)
    standings_.erase(id);
  else
    standings_[id] = standing;
  runner.stand(standing);
}

void Roster::restore_standing(service::Runner& runner) const {
  if (standings_.empty()) return;
  const auto found = standings_.find(base::to_lower(runner.service().id));
  if (found != standings_.end()) runner.stand(found->second);
}

void Roster::hand_over(const config::Config& config, HandOver& state) const {
  state.gone = gone_;
  for (const auto& [id, standing] : standings_) state.standings.push_back({.id = id, .standing = standing});
  std::unordered_map<const config::Service*, std::size_t> places;
  for (std::size_t i = 0; i < config.services.size(); ++i) places.emplace(config.services[i].get(), i);
  for (const Runners* list : {&served_, &retired_})
    for (const auto& runner : *list) {
      const auto [place, other] = places.try_emplace(&runner->service(), state.services.size());
      if (other) state.services.push_back(inherited_service(runner->service()));
      state.runners.push_back({.service = place->second, .retired = list == &retired_, .state = runner->hand_over()});
    }
}

void Roster::restore(const HandOver& state) {
  gone_ = state.gone;
  for (const HandOver::Standing& one : state.standings) standings_[one.id] = one.standing;
}

}  // namespace xsuperd::supervisor
