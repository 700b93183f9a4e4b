// SPDX-License-Identifier: MIT
#include "supervisor/control/actions.hpp"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>
#include <unordered_set>

namespace xsuperd::supervisor {

namespace {

std::vector<SharedService> configured(const Services& services) {
  std::vector<SharedService> all;
  for (const auto& runner : services) all.push_back(runner->state().policy().shared_service());
  return all;
}

}  // namespace

void Actions::note(std::string_view what) const { daemon_.log.notice("control: {}", what); }

void Actions::set_log_level(log::Level level) const { daemon_.log.set_threshold(level); }

void Actions::reopen_logs(std::function<void(const std::vector<std::string>&)> answered) const { daemon_.logs.reopen(std::move(answered)); }
void Actions::reload(bool strict, std::function<void(const ReloadReport&)> answered) const {
  daemon_.reloads.reload(strict, std::move(answered));
}
void Actions::preview(std::function<void(const ReloadReport&)> answered) const { daemon_.reloads.preview(std::move(answered)); }
void Actions::renew(const Services& services, Renewals::Answered answered) const {
  daemon_.renewals.renew(configured(services), std::move(answered));
}
void Actions::amend(const Services& services, std::vector<std::string> lines, std::function<void(base::Result<void>)> answered) const {
  daemon_.renewals.amend(configured(services), std::move(lines), std::move(answered));
}
void Actions::upgrade(std::function<void(base::Result<void>)> answered) const { daemon_.upgrades.upgrade(std::move(answered)); }

void Actions::stand(const Services& services, service::Standing standing) const {
  std::unordered_set<const service::Runner*> meant;
  for (const auto& service : services) meant.insert(service.get());
  for (const auto& runner : Runners(daemon_.roster.served()))
    if (meant.contains(runner.get())) daemon_.roster.set_standing(*runner, standing);
}

void Actions::count_anew(const Services* services) const {
  note(services ? fmt::format("the counters of {} service{} are reset", services->size(), services->size() == 1 ? "" : "s")
                : "all counters of services are reset");
  if (!services) return daemon_.roster.count_anew();
  std::unordered_set<const service::Runner*> meant;
  for (const auto& service : *services) meant.insert(service.get());
  for (const auto& runner : daemon_.roster.served())
    if (meant.contains(runner.get())) daemon_.roster.count_anew(*runner);
}

std::vector<service::Token> Actions::signal(std::span<const SessionOf> sessions, int number) const {
  std::unordered_map<const service::Runner*, std::vector<service::Token>> meant;
  for (const SessionOf& one : sessions) meant[one.service.get()].push_back(one.token);
  std::vector<service::Token> signalled;
  for (const auto* list : {&daemon_.roster.served(), &daemon_.roster.retired()})
    for (const auto& runner : Runners(*list))
      if (const auto found = meant.find(runner.get()); found != meant.end())
        for (const service::Token token : found->second)
          if (runner->signal_session(token, number)) signalled.push_back(token);
  return signalled;
}

std::vector<policy::BanList::Result> Actions::ban(std::span<const policy::Network> networks, int minutes,
                                                         const std::string& reason) const {
  return daemon_.bans.add(networks, minutes, reason);
}

void Actions::unban(std::span<const policy::Network> networks) const { daemon_.bans.remove(networks); }

void Actions::find_name(const base::Address& peer, std::function<void(const base::PeerName&)> answered) const {
  daemon_.resolver.names_of(peer, std::move(answered));
}

/// What workers for TLS carry between a peer and whatever serves it goes by the session's own token, as a relay of another
/// worker does.
void Actions::ask_traffic(worker::Conversations::Answered answered) const {
  daemon_.handshakes.progress([conversations = &daemon_.conversations, answered = std::move(answered)](const worker::Counts& covered) {
    conversations->progress([covered, answered](const worker::Counts& plain) {
      worker::Counts all = plain;
      all.insert(covered.begin(), covered.end());
      answered(all);
    });
  });
}

namespace {

/// Of this process. Reads a directory that is as long as there are descriptors: not for the loop.
std::size_t open_descriptors() {
  std::size_t count = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), ::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) count += entry->d_name[0] != '.';
  return count > 0 ? count - 1 : 0;  // the directory itself
}

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds pause{20};
constexpr std::chrono::seconds patience{5};

struct Waiting {
  Waiting(const Roster& who, boost::asio::io_context& loop, std::function<void()> then)
      : roster(who), timer(loop), answered(std::move(then)) {}
  const Roster& roster;
  boost::asio::steady_timer timer;
  std::function<void()> answered;
  Clock::time_point until = Clock::now() + patience;
};

void look(const std::shared_ptr<Waiting>& waiting) {
  if (!waiting->roster.asks() || Clock::now() >= waiting->until) return waiting->answered();
  waiting->timer.expires_after(pause);
  waiting->timer.async_wait([waiting](const boost::system::error_code& ended) {
    if (!ended) look(waiting);
  });
}

}  // namespace

void Actions::count_descriptors(std::function<void(base::Result<std::size_t>)> answered) const {
  daemon_.files.off_loop(open_descriptors, std::move(answered));
}

void Actions::when_settled(std::function<void()> then) const {
  look(std::make_shared<Waiting>(daemon_.roster, daemon_.files.loop(), std::move(then)));
}

}  // namespace xsuperd::supervisor
