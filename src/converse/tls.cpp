// SPDX-License-Identifier: MIT
// TLS in front of whatever serves: shakes hands with the peer, tells how that came out, and passes bytes between it and the
// socket that it is given then, or the target that it is to connect to.
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "converse/talks.hpp"
#include "converse/target_search.hpp"
#include "converse/tls_passing.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

/// Who decides what becomes of the connection has so long, which is much longer than it takes.
constexpr auto time_for_join = 60s;
/// And so long when the peer is gone meanwhile: what it has said before that is to be heard, but nobody is kept waiting for it.
constexpr std::chrono::milliseconds time_for_the_gone = 5s;
/// A peer that takes nothing of what its server has said last, for so long.
constexpr auto time_to_take_the_rest = 120s;

class Tls final : public Talk {
 public:
  explicit Tls(Opening& opening)
      : Talk(opening),
        inner_(poller_, *this),
        passing_(poller_, peer_, inner_, opening.parameters.context),
        on_shaken_(std::move(opening.parameters.on_shaken)),
        in_kernel_(opening.parameters.context->wants_kernel()) {
    limit(opening.parameters.idle_deadline);
  }
  ~Tls() override;
  void join(base::Fd inner) override;
  void redirect(Parameters parameters) override;
  [[nodiscard]] Traffic traffic() const override { return {passing_.up(), passing_.down()}; }

 private:
  enum class Stage : std::uint8_t { shaking, waiting, connecting, greeting, passing };
  /// The way to a target.
  struct Onward {
    Onward(Socket& target, Report& report, Parameters parameters)
        : search(target, report, std::move(parameters.targets)),
          greeting(std::move(parameters.texts)),
          patience(parameters.connect_deadline),
          keepalive(parameters.keepalive) {}
    TargetSearch search;
    std::vector<std::string> greeting;
    const std::chrono::milliseconds patience;
    const bool keepalive;
  };

  void step() override;
  void time_is_up() override;
  void close() override {
    if (given_back_) report_.connection = peer_.release();
    inner_.close();
  }
  void shake();
  void shaken();
  void tell(const tls::Handshake& handshake);
  void connecting(TargetSearch::State state);
  void look();
  void connected();
  void greet();
  void give_up();
  void begin_passing();
  void pass_on();
  void mind_the_leave();

  Socket inner_;
  TlsPassing passing_;
  std::function<void(const tls::Handshake&)> on_shaken_;
  const bool in_kernel_;
  std::unique_ptr<Onward> onward_;  // until it is reached
  Stage stage_ = Stage::shaking;
  bool to_target_ = false;
  bool gone_ = false;  // the peer, before there was a target
  bool given_back_ = false;
  bool leaving_ = false;  // the server has said all, and the peer does not take it
};

/// Whoever dies with the connection in his hands resets it: the server must not take what it has got for all that there was.
void reset_when_left(int fd, bool yes) {
  const linger how{.l_onoff = yes ? 1 : 0, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

void Tls::step() {
  switch (stage_) {
    case Stage::shaking: return shake();
    case Stage::waiting: return peer_.broken() ? limit(time_for_the_gone) : void();  // which is told once
    case Stage::connecting: return look();
    case Stage::greeting: return greet();
    case Stage::passing: return pass_on();
  }
}

void Tls::shake() {
  const auto shaking = passing_.shake();
  if (shaking == tls::Engine::Shaking::going_on) return;
  if (shaking == tls::Engine::Shaking::done) return shaken();
  const tls::Handshake outcome = passing_.outcome();
  tell(outcome);
  // The alert is to arrive, though bytes of the peer may lie unread.
  outcome.result == tls::Handshake::Result::left ? finish() : farewell();
}

/// What the kernel goes on with is given back, and is nothing of ours any more.
void Tls::shaken() {
  const tls::Placed placed = in_kernel_ ? passing_.into_kernel() : tls::Placed::no;
  if (placed == tls::Placed::broken) {
    tell({.result = tls::Handshake::Result::failed, .detail = "the kernel does not go on with the connection"});
    return finish();
  }
  tell(passing_.outcome());
  given_back_ = placed == tls::Placed::yes;
  if (given_back_) return finish();
  stage_ = Stage::waiting;
  limit(time_for_join);
}

void Tls::tell(const tls::Handshake& handshake) {
  if (const auto told = std::exchange(on_shaken_, {})) told(handshake);
}

void Tls::time_is_up() {
  if (stage_ == Stage::connecting) return connecting(onward_->search.too_late());
  if (stage_ == Stage::greeting) return give_up();
  if (stage_ == Stage::shaking) tell({.result = tls::Handshake::Result::too_late});
  finish();
}

void Tls::join(base::Fd inner) {
  if (stage_ > Stage::waiting) return;
  if (stage_ != Stage::waiting || !inner || inner_.open(std::move(inner)) != 0) return finish();
  begin_passing();
}

void Tls::redirect(Parameters parameters) {
  if (stage_ > Stage::waiting) return;
  if (stage_ != Stage::waiting) return finish();
  to_target_ = true;
  gone_ = peer_.broken();
  onward_ = std::make_unique<Onward>(inner_, report_, std::move(parameters));
  stage_ = Stage::connecting;
  connecting(onward_->search.begin());
}

void Tls::look() {
  const bool gone = !gone_ && peer_.broken();
  gone_ = gone_ || gone;
  bool anew = false;
  const auto state = onward_->search.look(anew);
  if (state != TargetSearch::State::connecting || anew || gone) connecting(state);
}

/// A peer that is gone may have said something, which its target is to hear; that takes no longer than while it waits for a server.
void Tls::connecting(TargetSearch::State state) {
  switch (state) {
    case TargetSearch::State::connecting: return limit(gone_ ? std::min(onward_->patience, time_for_the_gone) : onward_->patience);
    case TargetSearch::State::connected: return connected();
    case TargetSearch::State::failed: return give_up();
  }
}

void Tls::connected() {
  if (onward_->keepalive)
    for (const int fd : {peer_.fd(), inner_.fd()}) keep_alive(fd);
  hurry(inner_.fd());
  limit(onward_->patience);
  stage_ = Stage::greeting;
  greet();
}

/// Nothing of the peer goes there before all of it.
void Tls::greet() {
  const Moved moved = converse::greet(inner_, onward_->greeting);
  if (moved == Moved::failed) return give_up();
  if (moved != Moved::some) return;
  onward_.reset();
  begin_passing();
}

void Tls::give_up() {
  inner_.close();
  passing_.say_end();
  farewell();
}

/// Told to stop in the middle: a target is not to take that for a break, nor a peer that has all there was.
Tls::~Tls() {
  if (!to_target_ || inner_.fd() < 0) return;
  reset_when_left(inner_.fd(), false);
  passing_.say_end();
}

void Tls::begin_passing() {
  reset_when_left(inner_.fd(), true);
  hurry(peer_.fd());
  idle_limit(0ms);
  stage_ = Stage::passing;
  pass_on();
}

/// How its server has ended is not the peer's affair: it has been told all that there was.
void Tls::pass_on() {
  switch (passing_.run(false)) {
    case TlsPassing::State::open: return mind_the_leave();
    case TlsPassing::State::torn:
    case TlsPassing::State::cut:
      if (std::exchange(to_target_, false)) return break_off(inner_);
      inner_.reset();
      return finish();
    case TlsPassing::State::over:
      reset_when_left(inner_.fd(), false);
      inner_.close();
      return farewell();
  }
}

/// No limit of the service holds for a connection whose server is gone.
void Tls::mind_the_leave() {
  if (std::exchange(leaving_, passing_.takes_leave()) != leaving_) idle_limit(leaving_ ? time_to_take_the_rest : 0ms);
}

}  // namespace

std::unique_ptr<Talk> make_tls(Opening& opening) {
  if (!opening.parameters.context) throw std::invalid_argument("converse: TLS without keys");
  return std::make_unique<Tls>(opening);
}

}  // namespace xsuperd::converse
