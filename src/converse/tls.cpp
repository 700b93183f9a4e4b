// SPDX-License-Identifier: MIT
// TLS in front of whatever serves: shakes hands with the peer, tells how that came out, and passes bytes between it and the
// socket that it is given then.
#include <stdexcept>

#include "converse/talks.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

constexpr int portions_per_turn = 16;
/// Who decides what becomes of the connection has so long, which is much longer than it takes.
constexpr auto time_for_join = 60s;

tls::Moved in_words_of_tls(Moved moved) {
  switch (moved) {
    case Moved::some: return tls::Moved::some;
    case Moved::later: return tls::Moved::later;
    case Moved::end: return tls::Moved::end;
    case Moved::failed: break;
  }
  return tls::Moved::failed;
}

class Tls final : public Talk, private tls::Transport {
 public:
  explicit Tls(Opening& opening)
      : Talk(opening), inner_(poller_, *this), engine_(opening.parameters.context, *this), on_shaken_(std::move(opening.parameters.on_shaken)) {
    limit(opening.parameters.idle_deadline);
  }
  void join(base::Fd inner) override;

 private:
  enum class Stage : std::uint8_t { shaking, waiting, passing };
  enum class Half : std::uint8_t { open, closing, over };

  tls::Moved receive(std::span<char> to, std::size_t& count) override {
    return peer_.readable() ? in_words_of_tls(peer_.receive(to, count)) : tls::Moved::later;
  }
  tls::Moved send(std::string_view bytes, std::size_t& count) override {
    return peer_.writable() ? in_words_of_tls(peer_.send(bytes, count)) : tls::Moved::later;
  }

  void step() override;
  void time_is_up() override;
  void close() override { inner_.close(); }
  void shake();
  void tell(const tls::Handshake& handshake);
  void pass_on();
  void pass_up();
  [[nodiscard]] bool read_up();
  void pass_down();
  [[nodiscard]] bool read_down();
  void close_down();
  [[nodiscard]] bool give_inner(std::string_view text);
  [[nodiscard]] bool give_peer(std::string_view text);
  void cut() { cut_ = true; }

  Socket inner_;
  tls::Engine engine_;
  std::function<void(const tls::Handshake&)> on_shaken_;
  Stage stage_ = Stage::shaking;
  Half up_ = Half::open, down_ = Half::open;  // from the peer, and to it
  std::string up_rest_, down_rest_;           // in the clear: what the other side has not taken yet
  bool cut_ = false;                          // the peer's connection has broken, or ended before TLS had
};

void Tls::step() {
  switch (stage_) {
    case Stage::shaking: return shake();
    case Stage::waiting: return peer_.broken() ? finish() : void();
    case Stage::passing: return pass_on();
  }
}

void Tls::shake() {
  const auto shaking = engine_.shake();
  if (shaking == tls::Engine::Shaking::going_on) return;
  const tls::Handshake outcome = engine_.outcome();
  if (shaking == tls::Engine::Shaking::done) {
    stage_ = Stage::waiting;
    limit(time_for_join);
    return tell(outcome);
  }
  tell(outcome);
  // The alert is to arrive, though bytes of the peer may lie unread.
  outcome.result == tls::Handshake::Result::left ? finish() : farewell();
}

void Tls::tell(const tls::Handshake& handshake) {
  if (const auto told = std::exchange(on_shaken_, {})) told(handshake);
}

void Tls::time_is_up() {
  if (stage_ == Stage::shaking) tell({.result = tls::Handshake::Result::too_late});
  finish();
}

void Tls::join(base::Fd inner) {
  if (stage_ == Stage::passing) return;
  if (stage_ != Stage::waiting || !inner || inner_.open(std::move(inner)) != 0) return finish();
  peer_.hurry();
  idle_limit(0ms);
  stage_ = Stage::passing;
  pass_on();
}

void Tls::pass_on() {
  pass_up();
  pass_down();
  if (up_ == Half::over && peer_.broken()) cut();
  if (cut_) {
    inner_.reset();
    return finish();
  }
  // Of a UNIX socket the kernel tells that nobody has the other end; over TCP it finds out by asking (net::TruePair).
  const bool gone = down_ == Half::over && (inner_.hung_up() || inner_.broken());
  if (down_ != Half::over || (up_ != Half::over && !gone)) return;
  inner_.close();
  farewell();
}

void Tls::pass_up() {
  for (int portion = 0; portion < portions_per_turn; ++portion)
    if (up_ != Half::open || !give_inner(std::exchange(up_rest_, {})) || !read_up()) return;
  peer_.again();
}

/// False when there is nothing more for the moment, or ever.
bool Tls::read_up() {
  std::size_t count = 0;
  const auto bytes = poller_.pool().scratch();
  switch (engine_.read(bytes, count)) {
    case tls::Moved::some:
      report_.in += count;
      return give_inner({bytes.data(), count});
    case tls::Moved::later: return false;
    case tls::Moved::end:
      inner_.end_writing();
      up_ = Half::over;
      return false;
    case tls::Moved::cut:
    case tls::Moved::failed: break;
  }
  cut();
  return false;
}

/// False when not all of it was taken: the rest is kept. What nobody wants to read is lost, as on any connection.
bool Tls::give_inner(std::string_view text) {
  while (!text.empty()) {
    std::size_t count = 0;
    const Moved moved = inner_.writable() ? inner_.send(text, count) : Moved::later;
    if (moved == Moved::failed) up_ = Half::over;
    if (moved == Moved::later) up_rest_ = text;
    if (moved != Moved::some) return false;
    text.remove_prefix(count);
  }
  return true;
}

void Tls::pass_down() {
  for (int portion = 0; portion < portions_per_turn && !cut_ && down_ == Half::open; ++portion)
    if (!give_peer(std::exchange(down_rest_, {})) || !read_down()) break;
  if (down_ == Half::closing) return close_down();
  if (down_ == Half::open && down_rest_.empty() && inner_.readable()) inner_.again();
}

/// How its server has ended is not the peer's affair: it has been told all that there was.
bool Tls::read_down() {
  if (!inner_.readable()) return false;
  std::size_t count = 0;
  const auto bytes = poller_.pool().scratch();
  const Moved moved = inner_.receive(bytes, count);
  if (moved == Moved::end || moved == Moved::failed) down_ = Half::closing;
  if (moved != Moved::some) return false;
  report_.out += count;
  return give_peer({bytes.data(), count});
}

bool Tls::give_peer(std::string_view text) {
  while (!text.empty()) {
    std::size_t count = 0;
    const tls::Moved moved = engine_.write(text, count);
    if (moved == tls::Moved::later) down_rest_ = text;
    if (moved != tls::Moved::some && moved != tls::Moved::later) cut();
    if (moved != tls::Moved::some) return false;
    text.remove_prefix(count);
  }
  return true;
}

void Tls::close_down() {
  const tls::Moved moved = engine_.close();
  if (moved == tls::Moved::later) return;
  if (moved != tls::Moved::some) return cut();
  peer_.end_writing();
  down_ = Half::over;
}

}  // namespace

std::unique_ptr<Talk> make_tls(Opening& opening) {
  if (!opening.parameters.context) throw std::invalid_argument("converse: TLS without keys");
  return std::make_unique<Tls>(opening);
}

}  // namespace xsuperd::converse
