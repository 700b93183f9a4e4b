// SPDX-License-Identifier: MIT
#include "worker/dialogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::worker {

namespace {

/// Messages that an inherited worker may have had for the image before this one, beside the ends of its conversations: its
/// readiness, a sign of life, an answer to a question how far they all are.
constexpr std::size_t most_unasked = 64;

const char* complaint_about(const Told& told) {
  constexpr std::array complaints{"told a line of what it does not read", "told of a handshake that it does not hold",
                                  "told a header that nobody asked for"};
  static_assert(complaints.size() == std::variant_size_v<Told>);
  return complaints[told.index()];
}

}  // namespace

Dialogue::Dialogue(boost::asio::io_context& loop, const Client::Options& options, Callbacks callbacks)
    : loop_(loop),
      options_(options),
      callbacks_(std::move(callbacks)),
      drain_(encode(Drain{}).bytes),
      heartbeat_(options.silent_beats),
      beats_(loop, [this] { beat(); }) {}

std::unique_ptr<Channel> Dialogue::make_channel(base::Fd socket) {
  return std::make_unique<Channel>(loop_, std::move(socket),
                                   Channel::Handlers{.on_packet = [this](Packet packet) { take(std::move(packet)); },
                                                     .on_end = [this] { callbacks_.on_fault({}); },
                                                     .on_sent = [this] { callbacks_.on_room(); }});
}

int Dialogue::open(base::Fd socket) {
  ready_ = false;
  question_.forget();
  heartbeat_.start_anew();
  channel_ = make_channel(std::move(socket));
  const int error = channel_->error();
  if (error != 0) channel_.reset();
  return error;
}

void Dialogue::take_over(const InheritedWorker& worker, std::size_t conversations) {
  taken_over_ = true;
  protocol_ = worker.protocol;
  drain_ = worker.drain;
  unasked_ = most_unasked + (foreign() ? 3 * conversations : conversations / most_counts);
  // What is written to streams that it reads has no end; its lines are not looked at.
  const bool tells = std::ranges::any_of(worker.conversations, &InheritedWorker::Conversation::tells);
  if (foreign() && tells) unasked_ = std::numeric_limits<std::size_t>::max();
}

bool Dialogue::resume(base::Fd socket) {
  channel_ = make_channel(socket ? std::move(socket) : channel_->take_socket());
  if (channel_->error() != 0) return false;
  channel_->send({drain_, {}});
  beat_later();
  return true;
}

void Dialogue::close() {
  beats_.cancel();
  channel_.reset();
}

void Dialogue::end() {
  if (channel_) channel_->send({drain_, {}});
  close();
}

void Dialogue::send(Packet packet) {
  if (!channel_) return;
  channel_->send(std::move(packet));
  beat_later();
}

void Dialogue::flush() {
  if (channel_) channel_->flush();
}

bool Dialogue::ask(std::uint64_t question) {
  const bool may = channel_ && (ready_ || taken_over_) && !foreign() && callbacks_.has_work() && !question_.open();
  if (!may) return false;
  question_.put(question);
  channel_->send(encode(Ask{question}));
  return true;
}

void Dialogue::take_rest() {
  if (channel_) channel_->take_rest();
}

void Dialogue::hand_over(InheritedWorker& worker) const {
  worker.link = channel_ ? channel_->socket() : -1;
  worker.protocol = protocol_;
  worker.drain = drain_;
}

void Dialogue::beat_later() {
  if (!beats_.is_set()) beats_.set(options_.beat);
}

/// Only while it matters: a daemon that nobody asks for anything sleeps.
bool Dialogue::owes_signs() const {
  return channel_ && (taken_over_ || (ready_ && (callbacks_.has_work() || kept() > 0)));
}

void Dialogue::beat() {
  if (!owes_signs()) return heartbeat_.rest();
  // What it has said may be waiting because it was us who had no time.
  if (heartbeat_.near_death()) channel_->take_present();
  if (owes_signs() && next_beat() == Heartbeat::Next::dead) {
    const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(options_.beat * options_.silent_beats);
    callbacks_.on_fault(fmt::format("gave no sign of life for {} ms", silence.count()));
  }
  if (owes_signs()) beat_later();
}

Heartbeat::Next Dialogue::next_beat() {
  const bool can_be_asked = !foreign() && channel_->error() == 0;
  if (!can_be_asked) return heartbeat_.beat_unasked(callbacks_.is_stopped());
  const auto next = heartbeat_.beat();
  if (next == Heartbeat::Next::ask) channel_->send(question_for_sign(heartbeat_.question()));
  return next;
}

void Dialogue::take(Packet packet) {
  heartbeat_.heard();
  if (foreign()) {
    if (!was_asked_before()) callbacks_.on_fault("sent more than it can have to say");
    return;
  }
  std::optional<ToDaemon> message = decode_for_daemon(std::move(packet));
  if (!message) return callbacks_.on_fault("sent an invalid message");
  std::visit([this](auto& what) { handle(std::move(what)); }, *message);
}

/// Of what an inherited worker says, so much may be meant for the image before this one.
bool Dialogue::was_asked_before() {
  if (unasked_ == 0) return false;
  --unasked_;
  return true;
}

void Dialogue::handle(const Ready&) {
  if (taken_over_ && was_asked_before()) return;  // it was being started
  if (taken_over_ || std::exchange(ready_, true)) return callbacks_.on_fault("was ready twice");
  callbacks_.on_ready();
}

void Dialogue::handle(const Failed& failed) {
  callbacks_.on_fault(fmt::format("failed ({})", base::escaped(failed.sentence, longest_word)));
}

void Dialogue::handle(Ended ended) {
  // A sign of life that the image before this one has asked for is one, too.
  if (is_sign(ended) && (heartbeat_.answered(ended.token) || was_asked_before())) return;
  if (!(ready_ || taken_over_) || !callbacks_.on_ended(std::move(ended)))
    callbacks_.on_fault("reported the end of a conversation that it does not have");
}

void Dialogue::handle(const Told& told) {
  if (!(ready_ || taken_over_) || !callbacks_.on_told(told)) callbacks_.on_fault(complaint_about(told));
}

void Dialogue::handle(const Progress& progress) {
  // The image before this one may have asked, and gone before the answer came.
  if (!question_.is(progress.question) && was_asked_before()) return;
  if (!question_.takes(progress) || !callbacks_.on_progress(progress))
    callbacks_.on_fault("reported the progress of conversations that it does not have, or that nobody asked for");
}

}  // namespace xsuperd::worker
