// SPDX-License-Identifier: MIT
#include "supervisor/renewals.hpp"

#include <utility>

namespace xsuperd::supervisor {

namespace {

std::vector<config::Renewed> read_again(const std::vector<SharedService>& services, config::SystemNames& names) {
  config::SystemFiles files;
  std::vector<config::Renewed> all;
  for (const SharedService& service : services) all.push_back(config::renew(service, files, names));
  return all;
}

}  // namespace

void Renewals::renew(std::vector<SharedService> services, Answered answered) {
  std::erase_if(services, [](const SharedService& one) { return !one->tls() && !calls_with_tls(*one); });
  auto work = [services, names = names_]() mutable { return read_again(services, names); };
  files_.off_loop(std::move(work), [this, services, answered = std::move(answered)](const base::Result<std::vector<config::Renewed>>& read) {
    answered(read ? put(services, *read) : base::Result<std::vector<One>>(read.error()));
  });
}

base::Result<std::vector<Renewals::One>> Renewals::put(const std::vector<SharedService>& before, const std::vector<config::Renewed>& after) {
  using Outcome = config::Renewed::Outcome;
  std::vector<std::pair<SharedService, SharedService>> changed;
  std::vector<One> all;
  for (std::size_t i = 0; i < before.size(); ++i) {
    all.push_back({after[i].service, after[i].outcome});
    if (after[i].service != before[i]) changed.emplace_back(before[i], after[i].service);
  }
  if (!rollout_.renew(changed)) return base::Error{0, "the configuration is being read, or the program replaced: ask again"};
  for (std::size_t i = 0; i < before.size(); ++i) {
    for (const std::string& warning : after[i].warnings) log_.warning("{}", warning);
    if (after[i].outcome == Outcome::renewed) log_.notice("service {}: certificates and keys renewed", before[i]->id);
    if (after[i].outcome == Outcome::kept)
      log_.error("service {} keeps its certificates and keys: {}", before[i]->id, after[i].service->offer.not_renewed);
  }
  return all;
}

}  // namespace xsuperd::supervisor
