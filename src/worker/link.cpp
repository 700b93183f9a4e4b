// SPDX-License-Identifier: MIT
#include "worker/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "xsuperd/base/error.hpp"

namespace xsuperd::worker {

namespace {

std::string end_text(const spawn::Ended& ended) {
  return ended.signalled ? fmt::format("ended with signal {}", ended.value)
                         : fmt::format("ended with status {}", ended.value);
}

std::string failure_text(const spawn::StartFailed& failed) {
  return fmt::format("a worker could not be started: {}: {}", spawn::step_text(failed.step),
                     base::errno_text(failed.error));
}

/// `why`: the trouble with it, if it told or was told.
std::string trouble_text(const spawn::Ended& ended, const std::string& why, std::size_t lost) {
  return fmt::format("worker {} {}{}; {} lost", ended.pid, why.empty() ? "" : why + ", and ", end_text(ended),
                     lost == 1 ? "1 conversation is" : fmt::format("{} conversations are", lost));
}

/// How long it is waited before a worker that says nothing is looked at.
std::chrono::milliseconds first_wait(const Client::Options& options) {
  return std::min<std::chrono::milliseconds>(options.beat * options.silent_beats, options.patience);
}

}  // namespace

Link::Link(boost::asio::io_context& loop, const Client::Options& options, spawn::Spawner& spawner,
           Callbacks callbacks)
    : options_(options),
      spawner_(spawner),
      callbacks_(std::move(callbacks)),
      pauses_(options),
      dialogue_(loop, options,
                {.on_ready = [this] { is_ready(); },
                 .on_room = [this] { callbacks_.on_room(*this); },
                 .on_ended = [this](Ended ended) { return callbacks_.on_ended(*this, std::move(ended)); },
                 .on_progress = [this](const Progress& progress) { return callbacks_.on_progress(*this, progress); },
                 .on_told = [this](const Told& told) { return callbacks_.on_told(*this, told); },
                 .on_fault = [this](std::string why) { give_up(std::move(why)); },
                 .has_work = [this] { return load > 0; },
                 .is_stopped = [this] { return process_.stopped(); }}),
      process_(loop, [this](const spawn::Ended& ended) { reaped(ended); }),
      alarm_(loop, [this] { due(); }) {}

void Link::start() {
  if (phase_ == Phase::idle && !last_) launch();
}

void Link::take_over(const InheritedWorker& worker, base::Fd pidfd, base::Fd socket) {
  taken_over_ = true;
  phase_ = socket ? Phase::draining : Phase::ending;
  dialogue_.take_over(worker, load);
  process_.watch(worker.pid, std::move(pidfd));
  if (!socket) return alarm_.set(options_.patience);  // it was to end before
  // What cannot be watched now is tried again: its conversations go on meanwhile.
  if (!dialogue_.resume(std::move(socket))) alarm_.set(options_.watch_again);
}

std::optional<InheritedWorker> Link::hand_over() const {
  if (!process_.there()) return std::nullopt;
  InheritedWorker worker;
  worker.pid = process_.pid();
  worker.pidfd = process_.pidfd();
  dialogue_.hand_over(worker);
  return worker;
}

void Link::terminate() {
  process_.kill();
  phase_ = Phase::closed;
  alarm_.cancel();
  gone();
}

void Link::close() {
  phase_ = Phase::closed;
  alarm_.cancel();
  if (process_.stopped()) process_.kill();
  process_.abandon();
  dialogue_.end();
}

void Link::give_up_if_stuck() {
  if (dialogue_.kept() > 0) give_up("did not read what it was sent");
}

/// A worker without work is a process for nothing; the next conversation starts another in no time.
void Link::idle_from_now() {
  if (phase_ == Phase::ready && options_.idle_after.count() > 0) alarm_.set(options_.idle_after);
}

void Link::launch() {
  phase_ = Phase::starting;
  pauses_.begins();
  why_.clear();
  lost_ = 0;
  keys.clear();
  try {
    start_process();
  } catch (const std::exception& error) {
    start_went_wrong(error.what());
  }
}

/// The socket first: what cannot be watched costs no process.
void Link::start_process() {
  SocketPair pair = make_socket_pair();
  if (!pair.daemon) return pause("a worker could not be started: socketpair: " + base::errno_text(errno));
  if (const int error = dialogue_.open(std::move(pair.daemon)))
    return pause("a worker could not be started: its socket cannot be watched: " + base::errno_text(error));
  spawn::Job job{.token = 0, .recipe = options_.recipe, .socket = std::move(pair.worker), .remote_host = {}};
  auto outcome = spawner_.start(std::move(job), spawn::Spawner::Load::at_once);
  if (outcome && std::holds_alternative<spawn::Started>(*outcome)) {
    auto& started = std::get<spawn::Started>(*outcome);
    process_.watch(started.pid, std::move(started.pidfd));
    return alarm_.set(first_wait(options_));
  }
  dialogue_.close();
  if (!outcome) return pause("a worker could not be started: the spawner gave no answer");
  pause(failure_text(std::get<spawn::StartFailed>(*outcome)));
}

/// The kernel watches no more descriptors, or there is no memory. A process that is there already ends, and its end
/// starts another.
void Link::start_went_wrong(const char* why) {
  const std::string what = std::string("could not be started: ") + why;
  if (process_.there()) return give_up(what);
  if (phase_ == Phase::starting) pause("a worker " + what);
}

void Link::is_ready() {
  phase_ = Phase::ready;
  pauses_.ready(std::chrono::steady_clock::now());
  alarm_.cancel();
  callbacks_.on_ready(*this);
  if (load == 0 && !options_.start_now) idle_from_now();
}

void Link::give_up(std::string why) {
  const bool alive = phase_ == Phase::starting || phase_ == Phase::late || phase_ == Phase::ready || phase_ == Phase::draining;
  if (!alive) return;
  phase_ = Phase::ending;
  why_ = std::move(why);
  alarm_.cancel();
  process_.kill();  // it has mostly ended already
  gone();
}

void Link::gone() {
  lost_ = load;
  dialogue_.close();
  callbacks_.on_gone(*this);
}

void Link::reaped(const spawn::Ended& ended) {
  dialogue_.take_rest();  // its last words may still be unread
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::resting) {
    phase_ = Phase::idle;
    alarm_.cancel();
    return callbacks_.on_idle(*this);
  }
  if (!taken_over_) return pause(trouble_text(ended, why_, lost_));
  phase_ = Phase::closed;
  if (!why_.empty() || (lost_ > 0 && !dialogue_.foreign())) callbacks_.on_trouble(trouble_text(ended, why_, lost_));
  callbacks_.on_idle(*this);
}

void Link::pause(const std::string& trouble) {
  if (last_) {
    phase_ = Phase::closed;
    return callbacks_.on_trouble(trouble);
  }
  phase_ = Phase::pausing;
  const auto time = pauses_.next(std::chrono::steady_clock::now());
  alarm_.set(time.value_or(std::chrono::milliseconds(0)));
  const auto when = time ? fmt::format("in {} ms", time->count()) : std::string("at once");
  callbacks_.on_trouble(fmt::format("{}; starting another {}", trouble, when));
}

void Link::due() {
  switch (phase_) {
    case Phase::starting: return look_at_start();
    case Phase::late: return give_up("was not ready in time");
    case Phase::ready:
      if (load > 0) return;
      phase_ = Phase::resting;
      dialogue_.end();
      return alarm_.set(first_wait(options_));
    case Phase::draining:
      if (!dialogue_.resume()) alarm_.set(options_.watch_again);
      return;
    case Phase::resting:
    case Phase::ending: return process_.kill();
    case Phase::pausing:
      if (!last_) launch();
      return;
    case Phase::idle:
    case Phase::closed: return;
  }
}

/// A slow machine has time; what is stopped would only use it up.
void Link::look_at_start() {
  if (process_.stopped()) return give_up("is stopped");
  phase_ = Phase::late;
  alarm_.set(options_.patience - first_wait(options_));
}

}  // namespace xsuperd::worker
