// SPDX-License-Identifier: MIT
#include "worker/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::worker {

namespace {

constexpr std::uint64_t the_child = 1;  // each Link watches one child at a time

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
      timer_(loop) {}

void Link::start() {
  if (phase_ == Phase::idle) launch();
}

void Link::open_channel(base::Fd socket) {
  channel_ = std::make_unique<Channel>(
      loop_, std::move(socket),
      Channel::Handlers{.on_packet = [this](Packet packet) { take(std::move(packet)); },
                        .on_end = [this] { give_up({}); }});
}

void Link::adopt(const HandedWorker& worker, base::Fd pidfd, base::Fd socket) {
  adopted_ = true;
  phase_ = socket ? Phase::draining : Phase::ending;
  pid_ = worker.pid;
  protocol_ = worker.protocol;
  drain_ = worker.drain;
  foreign_ = protocol_ != protocol_version;
  if (socket) open_channel(std::move(socket));
  if (channel_) channel_->send({drain_, {}});
  children_.watch(the_child, pid_, std::move(pidfd));
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
                     phase_ == Phase::draining;
  if (alive) children_.signal(the_child, SIGTERM);
  phase_ = Phase::closed;
  timer_.cancel();
  gone();
}

void Link::close() {
  phase_ = Phase::closed;
  timer_.cancel();
  children_.abandon();
  if (channel_) channel_->send({drain_, {}});
  channel_.reset();
}

void Link::send(Packet packet) {
  if (channel_) channel_->send(std::move(packet));
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
  after(options_.patience, &Link::too_late);
}

void Link::launch() {
  phase_ = Phase::starting;
  question_.reset();
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
  spawn::Job job{.token = 0, .recipe = options_.recipe, .socket = std::move(pair.worker), .remote_host = {}};
  auto outcome = spawner_.start(std::move(job), spawn::Spawner::Load::at_once);
  if (!outcome) return pause("a worker could not be started: the spawner gave no answer");
  if (const auto* failed = std::get_if<spawn::StartFailed>(&*outcome)) return pause(failure_text(*failed));
  started(std::get<spawn::Started>(std::move(*outcome)), std::move(pair.daemon));
}

/// The kernel watches no more descriptors, or there is no memory. A process that is there already ends, and its end
/// starts another.
void Link::start_went_wrong(const char* why) {
  const std::string what = std::string("could not be started: ") + why;
  if (children_.size() > 0) return give_up(what);
  if (phase_ == Phase::starting) pause("a worker " + what);
}

void Link::started(spawn::Started started, base::Fd socket) {
  pid_ = started.pid;
  children_.watch(the_child, started.pid, std::move(started.pidfd));
  open_channel(std::move(socket));
  after(options_.patience, &Link::too_late);
}

void Link::take(Packet packet) {
  if (foreign_) return;
  std::optional<ToDaemon> message = decode_for_daemon(std::move(packet));
  if (!message) return give_up("sent what is no message");
  std::visit([this](auto& what) { handle(std::move(what)); }, *message);
}

void Link::handle(const Ready&) {
  if (phase_ == Phase::draining) return;  // it was being started
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
  const bool may = phase_ == Phase::ready || phase_ == Phase::draining;
  if (!may || !callbacks_.on_ended(*this, std::move(ended)))
    give_up("told of the end of a conversation that it does not have");
}

void Link::handle(const Progress& progress) {
  // The image before this one may have asked, and gone before the answer came.
  if (adopted_ && question_ != progress.question) return;
  if (!in_order(progress) || !callbacks_.on_progress(*this, progress))
    give_up("told how far conversations are that it does not have, or that nobody asked for");
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
  if (phase_ == Phase::resting) children_.signal(the_child, SIGKILL);
}

void Link::pause_over() {
  if (phase_ == Phase::pausing) launch();
}

}  // namespace xsuperd::worker
