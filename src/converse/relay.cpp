// SPDX-License-Identifier: MIT
// redirect: passes bytes between the peer and a target that we connect to (facts B10, decision on B12.49). carry: between the
// peer and the far end of a pair whose other one a server has.
#include <utility>

#include "converse/flow.hpp"
#include "converse/talks.hpp"
#include "converse/target_search.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

/// How long one side may take for what the other one sent before its connection broke.
constexpr auto time_for_the_rest = 2s;

/// What becomes of a connection that breaks: its bytes are passed on, and then the other one is closed, or broken, too.
enum class Breaks : std::uint8_t { end, stay };

class Relay final : public Talk {
 public:
  Relay(Opening& opening, Breaks breaks)
      : Talk(opening),
        target_(poller_, *this),
        up_(poller_.pool(), peer_, target_, Flow::Haste::passes_on),
        down_(poller_.pool(), target_, peer_, Flow::Haste::passes_on),
        search_(target_, report_, std::move(opening.parameters.targets)),
        parameters_(std::make_unique<Parameters>(std::move(opening.parameters))),
        breaks_(breaks) {}

  [[nodiscard]] Traffic traffic() const override { return {up_.bytes_read(), down_.bytes_read()}; }

 private:
  enum class Stage : std::uint8_t { begin, connecting, greeting, connected, last_words };

  void step() override;
  void time_is_up() override;
  void close() override;
  void take_target();
  void connecting(TargetSearch::State state);
  void look();
  void connected();
  void greet();
  void pass_on();
  void broke(Socket& other);

  Socket target_;
  Flow up_, down_;
  TargetSearch search_;
  std::unique_ptr<Parameters> parameters_;  // until connected
  Stage stage_ = Stage::begin;
  const Breaks breaks_;
};

void Relay::step() {
  switch (stage_) {
    case Stage::begin:
      if (parameters_->target) return take_target();
      stage_ = Stage::connecting;
      return connecting(search_.begin());
    case Stage::connecting:
      return look();
    case Stage::greeting:
      return greet();
    case Stage::connected:
    case Stage::last_words:
      return pass_on();
  }
}

/// Somebody who may has connected it for us.
void Relay::take_target() {
  report_.connect_error = target_.open(std::move(*parameters_->target));
  report_.connect_error == 0 ? connected() : finish();
}

void Relay::connecting(TargetSearch::State state) {
  switch (state) {
    case TargetSearch::State::connecting: return limit(parameters_->connect_deadline);
    case TargetSearch::State::connected: return connected();
    case TargetSearch::State::failed: return finish();
  }
}

void Relay::look() {
  if (peer_.broken()) return finish();
  bool anew = false;
  const auto state = search_.look(anew);
  if (state != TargetSearch::State::connecting || anew) connecting(state);
}

void Relay::time_is_up() { stage_ == Stage::connecting ? connecting(search_.too_late()) : finish(); }

void Relay::connected() {
  if (parameters_->keepalive)
    for (const int fd : {peer_.fd(), target_.fd()}) keep_alive(fd);
  stage_ = Stage::greeting;
  if (!parameters_->texts.empty()) {
    limit(parameters_->connect_deadline);
    hurry(target_.fd());  // else what the peer says first would wait until the target has confirmed this
  }
  greet();
}

/// Nothing of the peer is read before all of it is on its way.
void Relay::greet() {
  const Moved moved = converse::greet(target_, parameters_->texts);
  if (moved == Moved::failed) return finish();
  if (moved != Moved::some) return;
  idle_limit(parameters_->idle_deadline);
  parameters_.reset();
  stage_ = Stage::connected;
  pass_on();
}

void Relay::pass_on() {
  using State = Flow::State;
  const State up = up_.run(down_.state() != State::open), down = down_.run(up != State::open);
  if (up == State::source_failed) return broke(target_);
  if (down == State::source_failed) return broke(peer_);
  if (up != State::open && down != State::open) return finish();
  const bool nobody_there = down == State::ended && target_.hung_up();  // a UNIX socket tells no more than that
  const bool one_is_gone =
      up == State::sink_failed || down == State::sink_failed || peer_.broken() || target_.broken() || nobody_there;
  if (!one_is_gone || stage_ == Stage::last_words) return;
  stage_ = Stage::last_words;
  limit(time_for_the_rest);
}

void Relay::broke(Socket& other) {
  if (breaks_ == Breaks::stay) other.reset();
  finish();
}

void Relay::close() {
  up_.drop();
  down_.drop();
  target_.close();
}

}  // namespace

std::unique_ptr<Talk> make_relay(Opening& opening) { return std::make_unique<Relay>(opening, Breaks::end); }

std::unique_ptr<Talk> make_carry(Opening& opening) { return std::make_unique<Relay>(opening, Breaks::stay); }

}  // namespace xsuperd::converse
