// SPDX-License-Identifier: MIT
#include "supervisor/renewals.hpp"

#include <fmt/format.h>

#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

std::vector<config::Renewed> read_again(const std::vector<SharedService>& services, config::SystemNames& names) {
  config::SystemFiles files;
  std::vector<config::Renewed> all;
  for (const SharedService& service : services) all.push_back(config::renew(service, files, names));
  return all;
}

/// All that a thread uses which may take as long as the network does, and what came of it.
struct Amendment {
  std::vector<SharedService> before;
  std::vector<std::string> lines;
  config::SystemNames names;
  base::Result<std::vector<SharedService>> after = base::Error{0, "the change was not completed"};
};

void carry_out(Amendment& amendment) {
  config::SystemFiles files;
  std::vector<SharedService> all;
  for (const SharedService& service : amendment.before) {
    auto next = config::amend(*service, amendment.lines, files, amendment.names);
    if (!next) return void(amendment.after = next.error());
    all.push_back(std::move(*next));
  }
  amendment.after = std::move(all);
}

constexpr char not_now[] = "the configuration is being read, or the program replaced: ask again";
constexpr char overtaken[] = "the configuration has been read or changed meanwhile: ask again";
constexpr std::size_t most_named = 20;  // by a line each in the log

Rollout::Changes changes_of(const Amendment& amendment) {
  Rollout::Changes changes;
  changes.reserve(amendment.before.size());
  for (std::size_t i = 0; i < amendment.before.size(); ++i) changes.emplace_back(amendment.before[i], (*amendment.after)[i]);
  return changes;
}

/// Of many services with one line.
void log_of_each(const log::DaemonLog& log, const std::vector<SharedService>& services, std::string_view what) {
  if (services.size() > most_named) return log.notice("{} services: {}", services.size(), what);
  for (const SharedService& one : services) log.notice("service {}: {}", one->id, what);
}

}  // namespace

void Renewals::amend(std::vector<SharedService> services, std::vector<std::string> lines, std::function<void(base::Result<void>)> answered) {
  const auto amendment = std::make_shared<Amendment>(Amendment{std::move(services), std::move(lines), names_});
  const auto then = [this, amendment, answered] {
    if (!amendment->after) return answered(amendment->after.error());
    const auto changed = rollout_.renew(changes_of(*amendment), Rollout::IfOvertaken::change_nothing);
    if (changed != Rollout::Changed::done) return answered(base::Error{0, changed == Rollout::Changed::not_now ? not_now : overtaken});
    log_of_each(log_, amendment->before, base::escaped(fmt::format("{}", fmt::join(amendment->lines, "; ")), 500));
    answered({});
  };
  if (threads_.run([amendment] { carry_out(*amendment); }, then) == 0) answered(base::Error{0, "no thread could be started for it"});
}

void Renewals::renew(std::vector<SharedService> services, Answered answered) {
  std::erase_if(services, [](const SharedService& one) { return !one->tls() && !calls_with_tls(*one); });
  auto work = [services, names = names_]() mutable { return read_again(services, names); };
  files_.off_loop(std::move(work), [this, services, answered = std::move(answered)](const base::Result<std::vector<config::Renewed>>& read) {
    answered(read ? put(services, *read) : base::Result<std::vector<One>>(read.error()));
  });
}

base::Result<std::vector<Renewals::One>> Renewals::put(const std::vector<SharedService>& before, const std::vector<config::Renewed>& after) {
  using Outcome = config::Renewed::Outcome;
  Rollout::Changes changed;
  std::vector<One> all;
  for (std::size_t i = 0; i < before.size(); ++i) {
    all.push_back({after[i].service, after[i].outcome});
    if (after[i].service != before[i]) changed.emplace_back(before[i], after[i].service);
  }
  if (rollout_.renew(changed, Rollout::IfOvertaken::leave_out) != Rollout::Changed::done) return base::Error{0, not_now};
  std::vector<SharedService> renewed;
  for (std::size_t i = 0; i < before.size(); ++i) {
    for (const std::string& warning : after[i].warnings) log_.warning("{}", warning);
    if (after[i].outcome == Outcome::renewed) renewed.push_back(before[i]);
    if (after[i].outcome == Outcome::kept)
      log_.error("service {} keeps its certificates and keys: {}", before[i]->id, after[i].service->offer.not_renewed);
  }
  log_of_each(log_, renewed, "certificates and keys renewed");
  return all;
}

}  // namespace xsuperd::supervisor
