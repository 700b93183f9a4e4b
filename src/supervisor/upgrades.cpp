// SPDX-License-Identifier: MIT
#include "supervisor/upgrades.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "supervisor/image.hpp"
#include "supervisor/sealed_memory.hpp"
#include "supervisor/surely.hpp"
#include "supervisor/trial.hpp"
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

/// The one under way.
struct Upgrades::Upgrade {
  explicit Upgrade(boost::asio::io_context& loop) : timer(loop) {}

  std::vector<Answered> answered;
  Image image;  ///< what is tried, and then executed
  std::shared_ptr<Trial> trial;
  std::string notes;
  bool logs_written = false;
  bool holding = false;  ///< the listeners wait no more
  base::Moment held_since{};
  boost::asio::steady_timer timer;
  /// Gone with this upgrade: what was posted for it, and comes when the next one is under way, must do nothing.
  std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);
};

Upgrades::Upgrades(With with, Program program, std::function<HandOver()> state)
    : with_(std::move(with)), program_(std::move(program)), state_(std::move(state)) {}
Upgrades::~Upgrades() = default;

void Upgrades::upgrade(Answered answered) {
  if (with_.lifetime.ending()) {
    if (answered) answered(base::Error{0, "the daemon is ending"});
    return;
  }
  const bool begun = under_way();
  auto fresh = begun ? nullptr : std::make_unique<Upgrade>(with_.files.loop());
  if (answered) (begun ? upgrade_ : fresh)->answered.push_back(std::move(answered));
  if (begun) return;
  upgrade_ = std::move(fresh);
  if (!with_.reloads.preparing()) return begin();
  // A reload that is being read comes first, unless it takes long.
  step([this] { wait_for_load(); });
}

void Upgrades::wait_for_load() {
  upgrade_->timer.expires_after(load_patience);
  upgrade_->timer.async_wait([this, mine = std::weak_ptr(upgrade_->alive)](boost::system::error_code error) {
    if (error || mine.expired() || !with_.reloads.preparing()) return;
    with_.reloads.give_up();
    begin();
  });
}

void Upgrades::begin() {
  if (with_.lifetime.ending()) return refuse("the daemon is ending");
  step([this] { start_trial(); });
}

/// The file is opened once: what is tried is what will be executed, whatever has the name by then.
void Upgrades::start_trial() {
  with_.log.notice("Starting upgrade: {}", program_.binary);
  auto image = Image::open(program_.binary);
  if (!image) return refuse(image.error().sentence);
  upgrade_->image = std::move(*image);
  Trial::What what;
  what.binary = program_.binary;
  what.file = upgrade_->image.path();
  what.arguments = program_.arguments;
  what.environment = program_.environment;
  what.state = encode(state_());
  upgrade_->trial = std::make_shared<Trial>(with_.files.loop(), std::move(what), [this](base::Result<std::string> notes) {
    step([&] { tried(std::move(notes)); });
  });
  upgrade_->trial->start(with_.processes.spawner());
}

void Upgrades::tried(base::Result<std::string> notes) {
  if (!upgrade_) return;
  upgrade_->trial.reset();
  if (!notes) return refuse(notes.error().sentence);
  upgrade_->notes = std::move(*notes);
  write_logs();
}

/// Most of it now, while services go on: what is left then takes no time.
void Upgrades::write_logs() {
  const auto write = [&writer = with_.writer] { return writer.flush(log_patience); };
  with_.files.off_loop(write, [this, mine = std::weak_ptr(upgrade_->alive)](base::Result<bool> written) {
    if (mine.expired()) return;
    upgrade_->logs_written = written && *written;
    step([this] { wait_for_rpc(); });
  });
}

/// A thread that talks with rpcbind would be gone in the middle of a sentence.
void Upgrades::wait_for_rpc() {
  upgrade_->timer.expires_after(rpc_patience);
  const std::weak_ptr mine = upgrade_->alive;
  upgrade_->timer.async_wait([this, mine](boost::system::error_code error) {
    if (!error && !mine.expired() && !upgrade_->holding) refuse("rpcbind does not answer");
  });
  loop::off_loop(with_.around.rpc.thread, with_.files.loop(), [] {}, [this, mine](const base::Result<void>&) {
    if (!mine.expired() && !upgrade_->holding) step([this] { hold_and_settle(); });
  });
}

void Upgrades::hold_and_settle() {
  upgrade_->timer.cancel();
  upgrade_->holding = with_.around.sockets.holding = true;
  upgrade_->held_since = std::chrono::steady_clock::now();
  with_.roster.for_each([](const auto& runner) { runner->hold(); });
  // One turn of the loop for what has happened already.
  boost::asio::post(with_.files.loop(), [this, mine = std::weak_ptr(upgrade_->alive)] {
    if (!mine.expired()) step([this] { settle(); });
  });
}

/// What has still to happen before we can leave; empty when we can.
std::string Upgrades::unsettled() const {
  using Unsettled = service::Runner::Unsettled;
  const auto held = std::chrono::steady_clock::now() - upgrade_->held_since;
  std::string what;
  with_.roster.for_each([&](const auto& runner) {
    const Unsettled why = what.empty() ? runner->unsettled() : Unsettled::no;
    if (why == Unsettled::spawning) what = "a server of " + runner->service().id + " is being started";
    if (why == Unsettled::passing && held < settling) what = "a session of " + runner->service().id + " is under way";
  });
  if (!what.empty()) return what;
  // Begun after wait_for_rpc() has looked: its thread would be gone in the middle of a sentence, or its answer lost.
  if (with_.around.rpc.pending > 0) return "rpcbind is being called";
  if (with_.around.sending.farewells() > 0 && held < settling) return "a refused peer is being sent its banner";
  return with_.processes.workers().settled() && with_.processes.tls_workers().settled() ? std::string{} : "a worker does not read what it is sent";
}

void Upgrades::settle() {
  if (!upgrade_) return;
  if (with_.lifetime.ending()) return refuse("the daemon is ending");
  const auto held = std::chrono::steady_clock::now() - upgrade_->held_since;
  if (held >= settling) {
    with_.processes.spawner().presume(true);
    with_.processes.workers().give_up_stuck();
    with_.processes.tls_workers().give_up_stuck();
  }
  const std::string why = unsettled();
  if (why.empty()) return leave();
  if (held > longest_hold) return refuse(why);
  upgrade_->timer.expires_after(look_again);
  upgrade_->timer.async_wait([this, mine = std::weak_ptr(upgrade_->alive)](boost::system::error_code error) {
    if (!error && !mine.expired()) step([this] { settle(); });
  });
}

/// From here on in one turn of the loop: what is handed over is what there is.
void Upgrades::leave() {
  const auto held = std::chrono::steady_clock::now() - upgrade_->held_since;
  with_.log.notice("Upgrading: {} takes over; peers have waited {} ms so far", program_.binary,
                   std::chrono::duration_cast<std::chrono::milliseconds>(held).count());
  const bool written = with_.writer.flush(upgrade_->logs_written ? last_log_patience : std::chrono::seconds(0));
  with_.processes.children().end_remains();
  HandOver state = state_();
  state.log_behind = !written;
  state.reload_wanted = with_.reloads.left_to_next_image();
  state.notes = std::move(upgrade_->notes);
  execute(std::move(state));
}

/// Does not return when all is well.
void Upgrades::execute(HandOver state) {
  std::vector<int> kept = descriptors(state);
  auto memory = make_sealed_memory(encode(std::move(state)));
  if (!memory) return refuse(memory.error().sentence);
  if (const std::string changed = upgrade_->image.changed(); !changed.empty()) return refuse(changed);
  kept.push_back(memory->get());
  kept.push_back(upgrade_->image.number());  // an interpreter opens it by that; the new image closes it
  std::vector<std::string> environment = program_.environment;
  for (std::string& variable : base::variables_for_daemon_alone()) environment.push_back(std::move(variable));
  environment.push_back(fmt::format("{}={}", take_over_variable, memory->get()));
  for (const auto& one : std::exchange(upgrade_->answered, {})) surely(with_.log, [&] { one({}); });
  refuse(execute_in_place(upgrade_->image.path(), program_.arguments, environment, kept).sentence);
}

/// Whatever goes wrong in one of these steps, the others are taken.
void Upgrades::refuse(const std::string& why) noexcept {
  surely(with_.log, [&] { with_.log.error("upgrade refused; still running the old version: {}", why); });
  with_.logs.record(log::record::Upgrade{.outcome = "refused", .reason = log::record::Words(why), .version = with_.version});
  const std::unique_ptr<Upgrade> over = std::move(upgrade_);
  if (over->trial) over->trial->abandon();
  if (!with_.lifetime.ending()) surely(with_.log, [this] { with_.processes.spawner().presume(false); });
  if (std::exchange(with_.around.sockets.holding, false))
    with_.roster.for_each([this](const auto& runner) { surely(with_.log, [&] { runner->hold(false); }); });
  for (const auto& one : over->answered) surely(with_.log, [&] { one(base::Error{0, why}); });
  surely(with_.log, [this] { with_.reloads.go_on(); });
}

}  // namespace xsuperd::supervisor
