// SPDX-License-Identifier: MIT
#include "supervisor/control/actions.hpp"

#include <dirent.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>
#include <unordered_set>

#include "supervisor/impl.hpp"
#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

void Actions::note(std::string_view what) const { daemon_->log.notice("control: {}", what); }

void Actions::set_log_level(log::Level level) const { daemon_->log.set_threshold(level); }

void Actions::reopen_logs(std::function<void(const std::vector<std::string>&)> told) const {
  using Output = std::shared_ptr<log::Output>;
  const auto services = [daemon = daemon_, told = std::move(told)](std::vector<std::string> troubles) {
    daemon->reopen_logs([told, troubles = std::move(troubles)](const std::vector<std::string>& more) mutable {
      troubles.insert(troubles.end(), more.begin(), more.end());
      told(troubles);
    });
  };
  if (!daemon_->options.reopen_log) return services({});
  loop::off_loop(daemon_->blocking, daemon_->loop, [daemon = daemon_] { return daemon->options.reopen_log(); },
                 [daemon = daemon_, services](base::Result<Output> opened) {
                   std::vector<std::string> troubles;
                   if (!opened) troubles.push_back(opened.error().sentence);
                   daemon->surely([&] { daemon->replace_daemon_log(std::move(opened)); });
                   services(std::move(troubles));
                 });
}

void Actions::reload(bool strict, std::function<void(const ReloadReport&)> told) const { daemon_->reload(strict, std::move(told)); }
void Actions::preview(std::function<void(const ReloadReport&)> told) const { daemon_->preview(std::move(told)); }
void Actions::upgrade(std::function<void(base::Result<void>)> told) const { daemon_->upgrade(std::move(told)); }

void Actions::stand(const Services& services, service::Standing standing) const {
  std::unordered_set<const service::Runner*> meant;
  for (const auto& service : services) meant.insert(service.get());
  for (const auto& runner : Supervisor::Impl::Runners(daemon_->runners))
    if (meant.contains(runner.get())) daemon_->set_standing(*runner, standing);
}

std::vector<service::Token> Actions::signal(std::span<const SessionOf> sessions, int number) const {
  std::unordered_map<const service::Runner*, std::vector<service::Token>> meant;
  for (const SessionOf& one : sessions) meant[one.service.get()].push_back(one.token);
  std::vector<service::Token> signalled;
  for (const auto* list : {&daemon_->runners, &daemon_->retired})
    for (const auto& runner : Supervisor::Impl::Runners(*list))
      if (const auto found = meant.find(runner.get()); found != meant.end())
        for (const service::Token token : found->second)
          if (runner->signal_session(token, number)) signalled.push_back(token);
  return signalled;
}

std::vector<policy::BanList::Result> Actions::ban(std::span<const policy::Network> networks, int minutes) const {
  std::vector<policy::BanList::Result> results;
  for (const policy::Network& network : networks) results.push_back(daemon_->around.bans.list.add(network, minutes, daemon_->around.clock.now()));
  if (daemon_->around.bans.on_ban) daemon_->around.bans.on_ban();
  return results;
}

void Actions::unban(std::span<const policy::Network> networks) const {
  for (const policy::Network& network : networks) daemon_->around.bans.list.remove(network);
}

void Actions::find_name(const base::Address& peer, std::function<void(const base::PeerName&)> told) const {
  daemon_->resolver.names_of(peer, std::move(told));
}

void Actions::ask_traffic(worker::Conversations::Told told) const { daemon_->around.serving.conversations.progress(std::move(told)); }

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
  Waiting(Supervisor::Impl& of, std::function<void()> then) : daemon(of), timer(of.loop), told(std::move(then)) {}
  View daemon;
  boost::asio::steady_timer timer;
  std::function<void()> told;
  Clock::time_point until = Clock::now() + patience;
};

void look(const std::shared_ptr<Waiting>& waiting) {
  if (!waiting->daemon.asks() || Clock::now() >= waiting->until) return waiting->told();
  waiting->timer.expires_after(pause);
  waiting->timer.async_wait([waiting](const boost::system::error_code& ended) {
    if (!ended) look(waiting);
  });
}

}  // namespace

void Actions::count_descriptors(std::function<void(base::Result<std::size_t>)> told) const {
  loop::off_loop(daemon_->blocking, daemon_->loop, open_descriptors, std::move(told));
}

void Actions::when_settled(std::function<void()> then) const { look(std::make_shared<Waiting>(*daemon_, std::move(then))); }

}  // namespace xsuperd::supervisor
