// SPDX-License-Identifier: MIT
// redirect with redirect_tls: passes bytes between the peer and a target that we connect to and speak TLS with.
#include <stdexcept>
#include <utility>

#include "converse/talks.hpp"
#include "converse/target_search.hpp"
#include "converse/tls_passing.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

class TlsRelay final : public Talk {
 public:
  explicit TlsRelay(Opening& opening)
      : Talk(opening),
        target_(poller_, *this),
        search_(target_, report_, std::move(opening.parameters.targets)),
        passing_(poller_, target_, peer_, opening.parameters.context),
        on_shaken_(std::move(opening.parameters.on_shaken)),
        greeting_(std::move(opening.parameters.texts)),
        connect_deadline_(opening.parameters.connect_deadline),
        shake_deadline_(opening.parameters.idle_deadline),
        keepalive_(opening.parameters.keepalive) {}

  [[nodiscard]] Traffic traffic() const override { return {passing_.down() + report_.in, passing_.up()}; }

 private:
  enum class Stage : std::uint8_t { begin, connecting, greeting, shaking, passing };

  void step() override;
  void time_is_up() override;
  void close() override { target_.close(); }
  void connecting(TargetSearch::State state);
  void look();
  void greet();
  void shake();
  void tell(const tls::Handshake& handshake);
  void pass_on();

  Socket target_;
  TargetSearch search_;
  TlsPassing passing_;
  std::function<void(const tls::Handshake&)> on_shaken_;
  std::vector<std::string> greeting_;  // in front of TLS, in the clear
  const std::chrono::milliseconds connect_deadline_, shake_deadline_;
  const bool keepalive_;
  Stage stage_ = Stage::begin;
};

void TlsRelay::step() {
  switch (stage_) {
    case Stage::begin: stage_ = Stage::connecting; return connecting(search_.begin());
    case Stage::connecting: return look();
    case Stage::greeting: return peer_.broken() ? finish() : greet();
    case Stage::shaking: return peer_.broken() ? finish() : shake();
    case Stage::passing: return pass_on();
  }
}

void TlsRelay::look() {
  if (peer_.broken()) return finish();
  bool anew = false;
  const auto state = search_.look(anew);
  if (state != TargetSearch::State::connecting || anew) connecting(state);
}

void TlsRelay::connecting(TargetSearch::State state) {
  switch (state) {
    case TargetSearch::State::connecting: return limit(connect_deadline_);
    case TargetSearch::State::failed: return finish();
    case TargetSearch::State::connected: break;
  }
  if (keepalive_)
    for (const int fd : {peer_.fd(), target_.fd()}) keep_alive(fd);
  hurry(target_.fd());
  limit(shake_deadline_);
  stage_ = Stage::greeting;
  greet();
}

void TlsRelay::greet() {
  const Moved moved = converse::greet(target_, greeting_);
  if (moved == Moved::failed) return finish();
  if (moved != Moved::some) return;
  stage_ = Stage::shaking;
  shake();
}

void TlsRelay::shake() {
  const auto shaking = passing_.shake();
  if (shaking == tls::Engine::Shaking::going_on) return;
  tls::Handshake outcome = passing_.outcome();
  if (shaking == tls::Engine::Shaking::done) {
    stage_ = Stage::passing;
    idle_limit(0ms);
    tell(outcome);
    return pass_on();
  }
  tell(outcome);
  finish();
}

void TlsRelay::tell(const tls::Handshake& handshake) {
  if (const auto told = std::exchange(on_shaken_, {})) told(handshake);
}

void TlsRelay::time_is_up() {
  if (stage_ == Stage::connecting) return connecting(search_.too_late());
  tell({.result = tls::Handshake::Result::too_late});
  finish();
}

/// Neither side is told that the other one has said all, when it has broken.
void TlsRelay::pass_on() {
  switch (passing_.run(true)) {
    case TlsPassing::State::open: return;
    case TlsPassing::State::cut: peer_.reset(); return finish();
    case TlsPassing::State::torn: return break_off(target_);
    case TlsPassing::State::over: target_.close(); return farewell();
  }
}

}  // namespace

std::unique_ptr<Talk> make_tls_relay(Opening& opening) {
  if (!opening.parameters.context) throw std::invalid_argument("converse: TLS without a context");
  return std::make_unique<TlsRelay>(opening);
}

}  // namespace xsuperd::converse
