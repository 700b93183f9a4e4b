// SPDX-License-Identifier: MIT
#include "supervisor/processes.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <utility>

#include "xsuperd/spawn/helper_process.hpp"

namespace xsuperd::supervisor {

namespace {

/// Admitted peers of services with USERID: each holds a place of its service meanwhile, so this is no more than a guard.
constexpr std::size_t greatest_ident_lookups = 1024;

/// Our own program under another name. What it tells syslog is in the name and facility of the daemon.
std::shared_ptr<spawn::Recipe> helper_recipe(const Options& options, std::vector<std::string> environment) {
  auto recipe = std::make_shared<spawn::Recipe>();
  recipe->path = "/proc/self/exe";
  recipe->argv = {std::string(net::libwrap_program_name)};
  recipe->environment = std::move(environment);
  recipe->environment.push_back("XSUPERD_WRAP_IDENTITY=" + options.identity.program);
  recipe->environment.push_back("XSUPERD_WRAP_FACILITY=" + std::to_string(options.facility));
  recipe->remote_host = false;
  return recipe;
}

std::shared_ptr<spawn::Recipe> nft_recipe() {
  auto recipe = std::make_shared<spawn::Recipe>();
  recipe->path = "/proc/self/exe";
  recipe->argv = {std::string(net::nft_program_name)};
  recipe->remote_host = false;
  return recipe;
}

template <typename Helper>
base::Result<Helper> started(base::Result<spawn::HelperProcess> helper) {
  if (!helper) return helper.error();
  return Helper{std::move(helper->socket), std::move(helper->process)};
}

}  // namespace

Processes::Processes(boost::asio::io_context& loop, const Options& options, const std::vector<std::string>& environment,
                     const log::DaemonLog& log, Tells tells)
    : log_(log),
      starter_(spawn::make_clone_spawner(loop, {options.spawner_threads})),
      boxes_(loop, {.start = [this] { return spawn::start_box_helper(*starter_); },
                    .on_trouble = [this](std::string why) { log_.error("{}", why); }}),
      spawner_(*starter_, boxes_),
      children_(loop,
                [this, ended = std::move(tells.ended)](spawn::Ended end) {
                  end.struck = spawner_.ended(end.token);
                  ended(end);
                }),
      libwrap_(loop, {},
               {.on_helper_end = [this](std::string why) { log_.error("{}", why); },
                .start = [this, &options,
                          &environment] { return started<net::LibwrapHelper>(spawn::start_helper(*starter_, helper_recipe(options, environment), "the libwrap helper")); }}),
      nft_(loop, {.start = [this]() -> base::Result<net::NftHelper> {
        if (!starter_) return base::Error{0, "the daemon ends"};
        if (!net::nft_built()) return base::Error{0, "xsuperd was built without libnftables"};
        return started<net::NftHelper>(spawn::start_helper(*starter_, nft_recipe(), "the process that calls libnftables"));
      }}),
      workers_(loop,
               {.workers = options.workers,
                .recipe = worker::worker_recipe(options.worker_user),
                .queue = greatest_ident_lookups + 1024,  // look-ups take no room from other conversations
                .on_trouble = [this](std::string what) { worker_failed(what); }},
               spawner_),
      tls_workers_(loop,
                   {.workers = options.workers,
                    .recipe = worker::worker_recipe(options.worker_user, worker::Role::tls),
                    .on_trouble = [this](std::string what) { worker_failed(what); }},
                   spawner_),
      tickets_(loop, [this](const tls::TicketKeys& keys) { tls_workers_.use(keys); }),
      ident_admitted_(loop, workers_, {.most = greatest_ident_lookups, .new_token = tells.new_token}),
      ident_refused_(loop, workers_, {.most = options.ident_lookups, .new_token = tells.new_token}),
      orphans_(loop,
               [this](pid_t pid) {
                 // For process 1 they are everyday business.
                 if (::getpid() != 1) log_.notice("unknown child process {} died", pid);
               },
               [this](pid_t pid) { return children_.holds(pid); }),
      leftovers_(loop, [](const spawn::Ended&) {}) {
  spawner_.on_outcome(std::move(tells.outcome));
  children_.on_killed([this](std::uint64_t token) { spawner_.killed(token); });
}

void Processes::worker_failed(const std::string& what) {
  ++worker_failures_.count;
  worker_failures_.last = std::chrono::system_clock::now();
  log_.error("{}", what);
}

void Processes::hand_over(HandOver& state) const {
  state.workers = workers_.hand_over();
  state.tls_workers = tls_workers_.hand_over();
  state.tickets = tickets_.hand_over();
  state.worker_failures = worker_failures_.count;
  state.last_worker_failure = worker_failures_.last;
  for (const int helper : {libwrap_.helper_pidfd(), boxes_.helper_pidfd(), nft_.helper_pidfd()})
    if (helper >= 0) state.leftovers.push_back({helper});
  state.boxes = spawner_.hand_over();
  for (std::uint64_t token = 1; token <= last_leftover_; ++token)
    if (const int pidfd = leftovers_.pidfd(token); pidfd >= 0) state.leftovers.push_back({pidfd});
}

void Processes::restore(const HandOver& state, const std::function<base::Fd(int)>& take) {
  worker_failures_ = {state.worker_failures, state.last_worker_failure};
  tickets_.restore(state.tickets);
  for (const worker::InheritedWorker& worker : state.workers) workers_.take_over(worker, take);
  for (const worker::InheritedWorker& worker : state.tls_workers) tls_workers_.take_over(worker, take);
  for (const spawn::InheritedBox& box : state.boxes) spawner_.take_over(box, take(box.keeper), box.group >= 0 ? take(box.group) : base::Fd());
  for (const HandOver::Leftover& leftover : state.leftovers)
    if (base::Fd pidfd = take(leftover.pidfd)) end_leftover(std::move(pidfd));
}

/// It ends by itself, unless it is stopped or hangs.
void Processes::end_leftover(base::Fd pidfd) {
  leftovers_.watch(++last_leftover_, 0, std::move(pidfd));
  (void)leftovers_.signal(last_leftover_, SIGKILL);
}

}  // namespace xsuperd::supervisor
