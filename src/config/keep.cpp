// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "config/endpoints.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/endpoint.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

/// Is a running service missing from a configuration because of an error, or on purpose?
bool lost_to_an_error(const Service& service, const Loaded& loaded) {
  bool found = false;
  bool refused = false;
  const auto look = [&](auto of_this) {
    for (const Absent& a : loaded.config->absent) {
      if (!of_this(a)) continue;
      found = true;
      refused = refused || a.fate == Fate::refused;
    }
  };
  look([&](const Absent& a) { return base::iequals(a.id, service.id); });
  // An entry that ends before its id is known by its name alone.
  if (!found) look([&](const Absent& a) { return base::iequals(a.name, service.name) && a.id == a.name; });
  if (found) return refused;
  return loaded.is_unclear(service.place.file);
}

/// The configuration that a reload comes to, in which some services go on as they run.
class Mending {
 public:
  Mending(const Config& running, Loaded& loaded) : running_(running), loaded_(loaded), plan_(diff(running, *loaded.config)) {}

  void run() {
    for (const auto& service : plan_.stop)
      if (lost_to_an_error(*service, loaded_)) keep(service);
    for (const Plan::Change& change : plan_.keep) give_address(change);
    if (kept_.empty()) return;
    while (const auto newcomer = in_the_way()) give_up(newcomer);
    for (const auto& service : kept_) mended().services.push_back(service);
    loaded_.config = std::move(mended_);
  }

 private:
  using Shared = std::shared_ptr<const Service>;

  Config& mended() {
    if (!mended_) mended_ = std::make_shared<Config>(*loaded_.config);
    return *mended_;
  }
  void tell(Level level, const Service& about, std::string sentence, std::string hint = {}) {
    loaded_.diagnostics.add({level, about.place, std::move(sentence), {}, 1, std::move(hint), about.id});
  }

  void keep(const Shared& service) {
    kept_.push_back(service);
    owners_.add(*service);
    tell(Level::warning, *service, fmt::format("service {} has an error now: it keeps running as before", service->id));
  }

  /// What its name led to before holds until it leads to something again.
  void give_address(const Plan::Change& change) {
    const Service& before = *change.before;
    const Service& after = *change.after;
    if (after.waits_for.empty() || !before.waits_for.empty()) return;
    if (before.settings.bind != after.settings.bind) return keep_until_found(change);
    // It was found too late: another one has the place.
    if (!taken_by_another(running_, before).empty()) return;
    Service now = after;
    std::vector<base::Address> had;
    auto of_bind = before.places();
    of_bind.resize(of_bind.size() - std::min(of_bind.size(), element_places(before).size()));  // those of listen stand behind
    for (const ListenSpec& one : of_bind) had.push_back(one.at.address);
    auto places = places_at(after, had);
    if (places.empty()) return;
    place(now, with_elements(after, std::move(places)));
    now.waits_for.clear();
    tell(Level::warning, now, fmt::format("{} has no address now: service {} keeps the one it had", after.waits_for, now.id));
    const auto kept = std::make_shared<const Service>(std::move(now));
    std::erase(mended().services, change.after);
    kept_.push_back(kept);
    owners_.add(*kept);
  }

  /// It was to move to a name that leads nowhere: it stays where it is, with its sessions.
  void keep_until_found(const Plan::Change& change) {
    std::erase(mended().services, change.after);
    kept_.push_back(change.before);
    owners_.add(*change.before);
    tell(Level::warning, *change.before,
         fmt::format("service {} keeps running as before: {} has no address", change.before->id, change.after->waits_for));
  }

  /// A service of the new configuration that cannot be opened beside those that go on.
  Shared in_the_way() {
    for (auto& service : mended().services) {
      const Endpoints::Claim claim = owners_.claim(*service);
      if (claim.owner || !claim.yielding.empty()) return service;
      if (!claim.neighbours.empty()) service = std::make_shared<const Service>(for_neighbours(*service));
      if (claim.beside && !service->listen.v6only) service = std::make_shared<const Service>(for_ipv6_alone(*service));
    }
    return nullptr;
  }

  /// It is as if its entry had an error: nothing that runs ends for it.
  void give_up(const Shared& service) {
    const Endpoints::Claim claim = owners_.claim(*service);
    const Service& owner = claim.owner ? *claim.owner : *claim.yielding.front();
    tell(Level::error, *service,
         fmt::format("Service {} is refused: service {} has {} and keeps running as before", service->id, owner.id,
                     meeting_point(owner, *service)),
         fmt::format("that one is at {}:{}", owner.place.file, owner.place.line));
    mended().absent.push_back({service->name, service->id, service->place, Fate::refused});
    const auto change = std::ranges::find_if(plan_.keep, [&](const Plan::Change& c) { return c.after->place == service->place; });
    std::erase(mended().services, service);
    if (change != plan_.keep.end()) keep(change->before);
  }

  const Config& running_;
  Loaded& loaded_;
  Plan plan_;
  std::shared_ptr<Config> mended_;
  std::vector<Shared> kept_;
  Endpoints owners_;  ///< of those that are kept
};

}  // namespace

void keep_broken(const Config& running, Loaded& loaded) {
  if (!loaded.config) return;
  const auto refused = [](const Absent& a) { return a.fate == Fate::refused; };
  const auto waits = [](const auto& service) { return !service->waits_for.empty(); };
  if (loaded.unclear_files.empty() && std::ranges::none_of(loaded.config->absent, refused) &&
      std::ranges::none_of(loaded.config->services, waits))
    return;
  Mending(running, loaded).run();
}

}  // namespace xsuperd::config
