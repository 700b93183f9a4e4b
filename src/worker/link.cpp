// SPDX-License-Identifier: MIT
#include "worker/link.hpp"

#include <fmt/format.h>

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::worker {

namespace {

constexpr std::uint64_t the_child = 1;  // each Link watches one child at a time
/// Messages that an adopted worker may have had for the image before this one, beside the ends of its conversations: its
/// readiness, a sign of life, an answer to a question how far they all are.
constexpr std::size_t most_unasked = 64;

std::string end_text(const spawn::Ended& ended) {
  return ended.signalled ? fmt::format("ended with signal {}", ended.value)
                         : fmt::format("ended with status {}", ended.value);
}

std::string failure_text(const spawn::StartFailed& failed) {
  return fmt::format("a worker could not be started: {}: {}", spawn::step_text(failed.step),
                     base::errno_text(failed.error));
}

}  // namespace

Link::Link(boost::asio::io_context& loop, const Client::Options& options, spawn::Spawner& spawner,
           Callbacks callbacks)
    : loop_(loop),
      options_(options),
      spawner_(spawner),
      callbacks_(std::move(callbacks)),
      drain_(encode(Drain{}).bytes),
      children_(loop, [this](const spawn::Ended& ended) { reaped(ended); }),
      timer_(loop),
      beat_timer_(loop) {}

void Link::start() {
  if (phase_ == Phase::idle && !last_) launch();
}

std::unique_ptr<Channel> Link::make_channel(base::Fd socket) {
  return std::make_unique<Channel>(
      loop_, std::move(socket),
      Channel::Handlers{.on_packet = [this](Packet packet) { take(std::move(packet)); },
                        .on_end = [this] { give_up({}); },
                        .on_sent = [this] { callbacks_.on_room(*this); }});
}

void Link::adopt(const HandedWorker& worker, base::Fd pidfd, base::Fd socket) {
  adopted_ = true;
  phase_ = socket ? Phase::draining : Phase::ending;
  pid_ = worker.pid;
  protocol_ = worker.protocol;
  drain_ = worker.drain;
  foreign_ = protocol_ != protocol_version;
  unasked_ = most_unasked + (foreign_ ? 2 * load : load / most_counts);
  children_.watch(the_child, pid_, std::move(pidfd));
  if (socket) return open_adopted(std::move(socket));
  after(options_.patience, &Link::too_late);  // it was to end before
}

/// What cannot be watched now is tried again: its conversations go on meanwhile.
void Link::open_adopted(base::Fd socket) {
  channel_ = make_channel(std::move(socket));
  if (channel_->error() == 0) {
    channel_->send({drain_, {}});
    return beat_later();
  }
  after(options_.watch_again, &Link::watch_again);
}

void Link::watch_again() {
  if (phase_ == Phase::draining) open_adopted(channel_->take_socket());
}

std::optional<HandedWorker> Link::hand_over() const {
  if (children_.size() == 0) return std::nullopt;
  HandedWorker worker;
  worker.pid = pid_;
  worker.pidfd = children_.pidfd(the_child);
  worker.link = channel_ ? channel_->socket() : -1;
  worker.protocol = protocol_;
  worker.drain = drain_;
  return worker;
}

void Link::terminate() {
  const bool alive = phase_ == Phase::starting || phase_ == Phase::ready || phase_ == Phase::resting ||
                     phase_ == Phase::draining || phase_ == Phase::ending;
  if (alive) children_.signal(the_child, SIGKILL);
  phase_ = Phase::closed;
  timer_.cancel();
  beat_timer_.cancel();
  gone();
}

void Link::close() {
  phase_ = Phase::closed;
  timer_.cancel();
  beat_timer_.cancel();
  if (stopped()) children_.signal(the_child, SIGKILL);
  children_.abandon();
  if (channel_) channel_->send({drain_, {}});
  channel_.reset();
}

void Link::give_up_if_stuck() {
  if (kept() > 0) give_up("did not read what it was sent");
}

void Link::send(Packet packet) {
  if (!channel_) return;
  channel_->send(std::move(packet));
  beat_later();
}

void Link::beat_later() {
  if (std::exchange(beating_, true)) return;
  beat_timer_.expires_after(options_.beat);
  beat_timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto link = self.lock();
    if (!link) return;
    link->beating_ = false;
    if (!error) link->beat();
  });
}

/// Only while it matters: a daemon that nobody asks for anything sleeps.
bool Link::owes_signs() const {
  return phase_ == Phase::draining || (phase_ == Phase::ready && (load > 0 || kept() > 0));
}

void Link::beat() {
  if (!owes_signs()) {
    sign_due_ = false;
    silent_beats_ = 0;
    return;
  }
  // What it has said may be waiting because it was us who had no time.
  if (silent_beats_ + 1 >= options_.silent_beats && channel_) channel_->take_present();
  if (owes_signs()) ask_for_sign();
  if (owes_signs()) beat_later();
}

void Link::ask_for_sign() {
  if (sign_due_ || !can_be_asked()) return silent_beat();
  sign_due_ = true;
  silent_beats_ = 0;
  channel_->send(question_for_sign(++sign_));
}

/// Who cannot be asked, as a worker of another version, is not silent: but that it is stopped can be seen.
void Link::silent_beat() {
  if (!can_be_asked() && !stopped()) silent_beats_ = 0;
  else ++silent_beats_;
  if (silent_beats_ < options_.silent_beats) return;
  const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(options_.beat * options_.silent_beats);
  give_up(fmt::format("gave no sign of life for {} ms", silence.count()));
}

/// As our child it tells us, without being reaped.
bool Link::stopped() const {
  siginfo_t state{};
  const int pidfd = children_.pidfd(the_child);
  if (pidfd < 0) return false;
  const int options = WSTOPPED | WNOHANG | WNOWAIT;
  return ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &state, options) == 0 && state.si_pid != 0;
}

bool Link::ask(std::uint64_t question) {
  const bool may = phase_ == Phase::ready || phase_ == Phase::draining;
  if (!may || !channel_ || foreign_ || load == 0 || question_) return false;
  question_ = question;
  last_token_.reset();
  channel_->send(encode(Ask{question}));
  return true;
}

/// A worker without work is a process for nothing; the next conversation starts another in no time.
void Link::idle_from_now() {
  if (phase_ == Phase::ready && options_.idle_after.count() > 0) after(options_.idle_after, &Link::rest);
}

void Link::rest() {
  if (phase_ != Phase::ready || load > 0) return;
  phase_ = Phase::resting;
  channel_->send(encode(Drain{}));
  channel_.reset();
  after(std::min(options_.beat * options_.silent_beats, options_.patience), &Link::too_late);
}

/// The socket first: what cannot be watched costs no process.
void Link::launch() {
  phase_ = Phase::starting;
  question_.reset();
  last_sign_ = sign_;
  sign_due_ = false;
  silent_beats_ = 0;
  ready_since_.reset();
  why_.clear();
  lost_ = 0;
  try {
    start_process();
  } catch (const std::exception& error) {
    start_went_wrong(error.what());
  }
}

void Link::start_process() {
  SocketPair pair = make_socket_pair();
  if (!pair.daemon) return pause("a worker could not be started: socketpair: " + base::errno_text(errno));
  channel_ = make_channel(std::move(pair.daemon));
  if (const int error = channel_->error()) {
    channel_.reset();
    return pause("a worker could not be started: its socket cannot be watched: " + base::errno_text(error));
  }
  spawn::Job job{.token = 0, .recipe = options_.recipe, .socket = std::move(pair.worker), .remote_host = {}};
  auto outcome = spawner_.start(std::move(job), spawn::Spawner::Load::at_once);
  if (outcome && std::holds_alternative<spawn::Started>(*outcome))
    return started(std::get<spawn::Started>(std::move(*outcome)));
  channel_.reset();
  if (!outcome) return pause("a worker could not be started: the spawner gave no answer");
  pause(failure_text(std::get<spawn::StartFailed>(*outcome)));
}

/// The kernel watches no more descriptors, or there is no memory. A process that is there already ends, and its end
/// starts another.
void Link::start_went_wrong(const char* why) {
  const std::string what = std::string("could not be started: ") + why;
  if (children_.size() > 0) return give_up(what);
  if (phase_ == Phase::starting) pause("a worker " + what);
}

void Link::started(spawn::Started started) {
  pid_ = started.pid;
  children_.watch(the_child, started.pid, std::move(started.pidfd));
  after(std::min(options_.beat * options_.silent_beats, options_.patience), &Link::look_at_start);
}

void Link::take(Packet packet) {
  silent_beats_ = 0;
  if (foreign_) {
    if (unasked_-- == 0) give_up("sent more than it can have to say");
    return;
  }
  std::optional<ToDaemon> message = decode_for_daemon(std::move(packet));
  if (!message) return give_up("sent an invalid message");
  std::visit([this](auto& what) { handle(std::move(what)); }, *message);
}

void Link::handle(const Ready&) {
  if (phase_ == Phase::draining && unasked_ > 0) return (void)--unasked_;  // it was being started
  if (phase_ != Phase::starting) return give_up("was ready twice");
  phase_ = Phase::ready;
  ready_since_ = std::chrono::steady_clock::now();
  timer_.cancel();
  callbacks_.on_ready(*this);
  if (load == 0 && !options_.start_now) idle_from_now();
}

void Link::handle(const Failed& failed) {
  give_up(fmt::format("failed ({})", base::escaped(failed.sentence, longest_word)));
}

void Link::handle(Ended ended) {
  if (answers_sign(ended)) return;
  const bool may = phase_ == Phase::ready || phase_ == Phase::draining;
  if (!may || !callbacks_.on_ended(*this, std::move(ended)))
    give_up("reported the end of a conversation that it does not have");
}

/// Also one that the image before this one has asked for.
bool Link::answers_sign(const Ended& ended) {
  if (!is_sign(ended)) return false;
  if (ended.token > last_sign_ && ended.token <= sign_) {
    last_sign_ = ended.token;
    sign_due_ = sign_due_ && ended.token != sign_;
    return true;
  }
  if (unasked_ == 0) return false;
  --unasked_;
  return true;
}

void Link::handle(const Progress& progress) {
  // The image before this one may have asked, and gone before the answer came.
  if (unasked_ > 0 && question_ != progress.question) return (void)--unasked_;
  if (!in_order(progress) || !callbacks_.on_progress(*this, progress))
    give_up("reported the progress of conversations that it does not have, or that nobody asked for");
}

bool Link::in_order(const Progress& progress) {
  if (question_ != progress.question) return false;
  if (!progress.counts.empty()) {
    if (last_token_ && progress.counts.front().token <= *last_token_) return false;
    last_token_ = progress.counts.back().token;
  }
  if (progress.last) question_.reset();
  return true;
}

void Link::give_up(std::string why) {
  if (phase_ != Phase::starting && phase_ != Phase::ready && phase_ != Phase::draining) return;
  phase_ = Phase::ending;
  why_ = std::move(why);
  timer_.cancel();
  beat_timer_.cancel();
  children_.signal(the_child, SIGKILL);  // it has mostly ended already
  gone();
}

void Link::gone() {
  lost_ = load;
  channel_.reset();
  callbacks_.on_gone(*this);
}

void Link::reaped(const spawn::Ended& ended) {
  // Its last words may still be unread.
  if (channel_) channel_->take_rest();
  pid_ = 0;
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::resting) {
    phase_ = Phase::idle;
    timer_.cancel();
    return callbacks_.on_idle(*this);
  }
  if (adopted_) {
    phase_ = Phase::closed;
    if (!why_.empty() || (lost_ > 0 && !foreign_)) callbacks_.on_trouble(trouble_text(ended));
    return callbacks_.on_idle(*this);
  }
  pause(trouble_text(ended));
}

std::string Link::trouble_text(const spawn::Ended& ended) const {
  return fmt::format("worker {} {}{}; {} lost", ended.pid, why_.empty() ? "" : why_ + ", and ",
                    end_text(ended),
                    lost_ == 1 ? "1 conversation is" : fmt::format("{} conversations are", lost_));
}

void Link::pause(const std::string& trouble) {
  if (last_) {
    phase_ = Phase::closed;
    return callbacks_.on_trouble(trouble);
  }
  phase_ = Phase::pausing;
  const bool healthy =
      ready_since_ && std::chrono::steady_clock::now() - *ready_since_ >= options_.healthy_after;
  const auto longer = std::min(std::max(pause_ * 2, options_.first_pause), options_.longest_pause);
  pause_ = healthy ? std::chrono::milliseconds(0) : longer;
  after(pause_, &Link::pause_over);
  const auto when = healthy ? std::string("at once") : fmt::format("in {} ms", pause_.count());
  callbacks_.on_trouble(fmt::format("{}; starting another {}", trouble, when));
}

void Link::after(std::chrono::milliseconds time, void (Link::*what)()) {
  timer_.expires_after(time);
  timer_.async_wait([self = weak_from_this(), what](const boost::system::error_code& error) {
    const auto link = self.lock();
    if (link && !error) (link.get()->*what)();
  });
}

// A timer that has gone off cannot be cancelled any more: these may come after all.
void Link::too_late() {
  if (phase_ == Phase::starting) give_up("was not ready in time");
  if (phase_ == Phase::resting || (phase_ == Phase::ending && adopted_)) children_.signal(the_child, SIGKILL);
}

/// A slow machine has time; what is stopped would only use it up.
void Link::look_at_start() {
  if (phase_ != Phase::starting) return;
  if (stopped()) return give_up("is stopped");
  const auto waited = std::min(options_.beat * options_.silent_beats, options_.patience);
  after(options_.patience - waited, &Link::too_late);
}

void Link::pause_over() {
  if (phase_ == Phase::pausing && !last_) launch();
}

}  // namespace xsuperd::worker
