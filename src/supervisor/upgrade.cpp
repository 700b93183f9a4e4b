// SPDX-License-Identifier: MIT
// The old image's part of an upgrade (design, "upgrade"): nothing is given up before the new image has shown that it can
// take over, and whatever goes wrong until then leaves everything as it was.
#include <boost/asio/post.hpp>

#include "supervisor/hand_over_config.hpp"
#include "supervisor/impl.hpp"
#include "supervisor/sealed_memory.hpp"
#include "xsuperd/base/environment.hpp"
#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

namespace {

/// How long sessions may take to come out of short stages; those that have not are begun anew in the new image.
constexpr std::chrono::seconds settling{2};
/// How long servers that are being started may take in all, before there will be no upgrade. Those whose programs take
/// long to execute count as started after `settling`: the new image gets the process, which keeps what it needs of us.
constexpr std::chrono::seconds longest_hold{5};
constexpr std::chrono::milliseconds look_again{2};
constexpr std::chrono::seconds load_patience{2};
constexpr std::chrono::seconds log_patience{2};
constexpr std::chrono::seconds last_log_patience{1};
constexpr std::chrono::seconds rpc_patience{10};

}  // namespace

/// `told` hears of a refusal, or, in the last moment before the program is executed, that all is ready: what it wants to
/// say to anybody it must say at once. Wishes that come while one is being granted are granted with it.
void Supervisor::Impl::upgrade(std::function<void(base::Result<void>)> told) {
  if (ending) {
    if (told) told(base::Error{0, "the daemon is ending"});
    return;
  }
  const bool begun = upgrading != nullptr;
  auto fresh = begun ? nullptr : std::make_unique<Upgrade>(loop);
  if (told) (begun ? upgrading : fresh)->told.push_back(std::move(told));
  if (begun) return;
  upgrading = std::move(fresh);
  if (!preparing) return begin_upgrade();
  // A reload that is being read comes first, unless it takes long.
  step([this] { wait_for_load(); });
}

void Supervisor::Impl::wait_for_load() {
  upgrading->timer.expires_after(load_patience);
  upgrading->timer.async_wait([this, mine = std::weak_ptr(upgrading->alive)](boost::system::error_code error) {
    if (error || mine.expired() || !preparing) return;
    give_up_load();
    begin_upgrade();
  });
}

void Supervisor::Impl::begin_upgrade() {
  if (ending) return refuse_upgrade("the daemon is ending");
  step([this] { start_trial(); });
}

/// The file is opened once: what is tried is what will be executed, whatever has the name by then.
void Supervisor::Impl::start_trial() {
  log.notice("Starting upgrade: {}", options.invocation.binary);
  auto image = Image::open(options.invocation.binary);
  if (!image) return refuse_upgrade(image.error().sentence);
  upgrading->image = std::move(*image);
  Trial::What what;
  what.binary = options.invocation.binary;
  what.file = upgrading->image.path();
  what.arguments = options.arguments;
  what.environment = names.environment();
  what.state = encode(hand_over());
  upgrading->trial = std::make_shared<Trial>(loop, std::move(what), [this](base::Result<std::string> notes) {
    step([&] { tried(std::move(notes)); });
  });
  upgrading->trial->start(*spawner);
}

void Supervisor::Impl::tried(base::Result<std::string> notes) {
  if (!upgrading) return;
  upgrading->trial.reset();
  if (!notes) return refuse_upgrade(notes.error().sentence);
  upgrading->notes = std::move(*notes);
  write_logs();
}

/// Most of it now, while services go on: what is left then takes no time.
void Supervisor::Impl::write_logs() {
  const auto write = [this] { return writer.flush(log_patience); };
  loop::off_loop(blocking, loop, write, [this, mine = std::weak_ptr(upgrading->alive)](base::Result<bool> written) {
    if (mine.expired()) return;
    upgrading->logs_written = written && *written;
    step([this] { wait_for_rpc(); });
  });
}

/// A thread that talks with rpcbind would be gone in the middle of a sentence.
void Supervisor::Impl::wait_for_rpc() {
  upgrading->timer.expires_after(rpc_patience);
  const std::weak_ptr mine = upgrading->alive;
  upgrading->timer.async_wait([this, mine](boost::system::error_code error) {
    if (!error && !mine.expired() && !upgrading->holding) refuse_upgrade("rpcbind does not answer");
  });
  loop::off_loop(around.rpc.thread, loop, [] {}, [this, mine](const base::Result<void>&) {
    if (!mine.expired() && !upgrading->holding) step([this] { hold_and_settle(); });
  });
}

void Supervisor::Impl::hold_and_settle() {
  upgrading->timer.cancel();
  upgrading->holding = around.sockets.holding = true;
  upgrading->held_since = std::chrono::steady_clock::now();
  for (const Runners* list : {&runners, &retired})
    for (const auto& runner : *list) runner->hold();
  // One turn of the loop for what has happened already.
  boost::asio::post(loop, [this, mine = std::weak_ptr(upgrading->alive)] {
    if (!mine.expired()) step([this] { settle(); });
  });
}

/// What has still to happen before we can leave; empty when we can.
std::string Supervisor::Impl::unsettled() const {
  using Unsettled = service::Runner::Unsettled;
  const auto held = std::chrono::steady_clock::now() - upgrading->held_since;
  for (const Runners* list : {&runners, &retired})
    for (const auto& runner : *list) {
      const Unsettled why = runner->unsettled();
      if (why == Unsettled::spawning) return "a server of " + runner->service().id + " is being started";
      if (why == Unsettled::passing && held < settling) return "a session of " + runner->service().id + " is under way";
    }
  // Begun after wait_for_rpc() has looked: its thread would be gone in the middle of a sentence, or its answer lost.
  if (around.rpc.pending > 0) return "rpcbind is being spoken to";
  if (around.sending.farewells() > 0 && held < settling) return "a refused peer is being sent its banner";
  return workers.settled() ? std::string{} : "a worker does not take what it is sent";
}

void Supervisor::Impl::settle() {
  if (!upgrading) return;
  if (ending) return refuse_upgrade("the daemon is ending");
  const auto held = std::chrono::steady_clock::now() - upgrading->held_since;
  if (held >= settling) {
    spawner->presume(true);
    workers.give_up_stuck();
  }
  const std::string why = unsettled();
  if (why.empty()) return leave();
  if (held > longest_hold) return refuse_upgrade(why);
  upgrading->timer.expires_after(look_again);
  upgrading->timer.async_wait([this, mine = std::weak_ptr(upgrading->alive)](boost::system::error_code error) {
    if (!error && !mine.expired()) step([this] { settle(); });
  });
}

/// From here on in one turn of the loop: what is handed over is what there is.
void Supervisor::Impl::leave() {
  const auto held = std::chrono::steady_clock::now() - upgrading->held_since;
  log.notice("Upgrading: {} takes over; peers have waited {} ms so far", options.invocation.binary,
             std::chrono::duration_cast<std::chrono::milliseconds>(held).count());
  const bool written = writer.flush(upgrading->logs_written ? last_log_patience : std::chrono::seconds(0));
  children.end_remains();
  HandOver state = hand_over();
  state.log_behind = !written;
  // Whoever wanted it strict hears that the daemon is gone, and asks again: it is not done leniently instead.
  state.reload_wanted = next_reload && !next_reload->strict;
  state.notes = std::move(upgrading->notes);
  std::vector<int> kept = descriptors(state);
  auto memory = make_sealed_memory(encode(std::move(state)));
  if (!memory) return refuse_upgrade(memory.error().sentence);
  if (const std::string changed = upgrading->image.changed(); !changed.empty())
    return refuse_upgrade(changed);
  kept.push_back(memory->get());
  kept.push_back(upgrading->image.number());  // an interpreter opens it by that; the new image closes it
  std::vector<std::string> environment = names.environment();
  for (std::string& variable : base::variables_for_daemon_alone()) environment.push_back(std::move(variable));
  environment.push_back(fmt::format("{}={}", take_over_variable, memory->get()));
  for (const auto& one : std::exchange(upgrading->told, {})) surely([&] { one({}); });
  refuse_upgrade(execute_in_place(upgrading->image.path(), options.arguments, environment, kept).sentence);
}

/// Whatever goes wrong in one of these steps, the others are taken.
void Supervisor::Impl::refuse_upgrade(const std::string& why) noexcept {
  surely([&] { log.error("upgrade refused, everything goes on as it was: {}", why); });
  const std::unique_ptr<Upgrade> over = std::move(upgrading);
  if (over->trial) over->trial->abandon();
  if (!ending) surely([this] { spawner->presume(false); });
  if (std::exchange(around.sockets.holding, false))
    for (const Runners* list : {&runners, &retired})
      for (const auto& runner : *list) surely([&] { runner->hold(false); });
  for (const auto& one : over->told) surely([&] { one(base::Error{0, why}); });
  if (next_reload && !ending) surely([this] { reload(); });
}

HandOver Supervisor::Impl::hand_over() const {
  HandOver state;
  state.now = around.clock.now();
  state.clock = time_namespace();
  state.daemon = {::getpid(),   options.version, options.invocation,    options.adopts_orphans,
                  facts.umask,  facts.priority,  facts.files.rlim_cur, facts.files.rlim_max,
                  control ? control->listening_fd() : -1};
  state.started = started;
  state.loaded = loaded_at;
  state.last_load = last_load;
  state.log_level = log.threshold();
  state.gone = gone;
  state.worker_failures = worker_failures;
  state.last_worker_failure = last_worker_failure;
  for (const auto& [id, standing] : standings) state.standings.push_back({.id = id, .standing = standing});
  hand_over_configuration(*config, state);
  std::unordered_map<const config::Service*, std::size_t> places;
  for (std::size_t i = 0; i < config->services.size(); ++i) places.emplace(config->services[i].get(), i);
  for (const Runners* list : {&runners, &retired})
    for (const auto& runner : *list) {
      const auto [place, other] = places.try_emplace(&runner->service(), state.services.size());
      if (other) state.services.push_back(handed_service(runner->service()));
      state.runners.push_back({.service = place->second, .retired = list == &retired, .state = runner->hand_over()});
    }
  state.bans = around.bans.list.snapshot();
  state.displaced_told = around.bans.displaced_told;
  state.chargen_line = around.datagrams.chargen.line;
  state.last_token = around.census.last_token;
  state.workers = workers.hand_over();
  for (const net::HandedSocket& one : around.sockets.handed.sockets())
    state.handed.push_back({.name = one.name, .socket = one.fd.get(), .foreign = one.foreign});
  state.lingering = around.serving.lingering->hand_over();
  if (const int helper = libwrap.helper_pidfd(); helper >= 0) state.leftovers.push_back({helper});
  for (std::uint64_t token = 1; token <= last_leftover; ++token)
    if (const int pidfd = leftovers.pidfd(token); pidfd >= 0) state.leftovers.push_back({pidfd});
  return state;
}

}  // namespace xsuperd::supervisor
