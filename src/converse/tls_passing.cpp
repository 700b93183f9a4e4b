// SPDX-License-Identifier: MIT
#include "converse/tls_passing.hpp"

#include <algorithm>
#include <utility>

namespace xsuperd::converse {

namespace {

constexpr int portions_per_turn = 16;
/// OpenSSL reads on until it finds something in the clear. Records without any cost time, and must not keep it for themselves.
constexpr std::size_t bytes_per_turn = 64 * 1024;
/// So many bytes of such records one after the other come from nobody who means well.
constexpr std::size_t most_fruitless = 256 * 1024;

tls::Moved in_words_of_tls(Moved moved) {
  switch (moved) {
    case Moved::some: return tls::Moved::some;
    case Moved::later: return tls::Moved::later;
    case Moved::end: return tls::Moved::end;
    case Moved::failed: break;
  }
  return tls::Moved::failed;
}

}  // namespace

TlsPassing::TlsPassing(Poller& poller, Socket& covered, Socket& plain, std::shared_ptr<const tls::Context> context)
    : poller_(poller), covered_(covered), plain_(plain), engine_(std::move(context), *this) {}

tls::Moved TlsPassing::receive(std::span<char> to, std::size_t& count) {
  if (budget_ == 0 || !covered_.readable()) return tls::Moved::later;
  const tls::Moved moved = in_words_of_tls(covered_.receive(to.first(std::min(to.size(), budget_)), count));
  if (moved != tls::Moved::some) return moved;
  budget_ -= count;
  fruitless_ += count;
  return moved;
}

tls::Engine::Shaking TlsPassing::shake() {
  budget_ = bytes_per_turn;
  const auto shaking = engine_.shake();
  if (budget_ == 0) covered_.again();
  fruitless_ = 0;
  return shaking;
}

tls::Moved TlsPassing::send(std::string_view bytes, std::size_t& count) {
  return covered_.writable() ? in_words_of_tls(covered_.send(bytes, count)) : tls::Moved::later;
}

TlsPassing::State TlsPassing::run(bool tears) {
  budget_ = bytes_per_turn;
  pass_up();
  if (budget_ == 0) covered_.again();
  if (fruitless_ > most_fruitless) cut_ = true;
  pass_down(tears);
  if (up_ == Half::over && covered_.broken()) cut_ = true;
  if (cut_) return State::cut;
  if (torn_) return State::torn;
  // Of a UNIX socket the kernel tells that nobody has the other end; over TCP it finds out by asking (net::TruePair).
  const bool gone = down_ == Half::over && (plain_.hung_up() || plain_.broken());
  return down_ != Half::over || (up_ != Half::over && !gone) ? State::open : State::over;
}

void TlsPassing::pass_up() {
  for (int portion = 0; portion < portions_per_turn; ++portion)
    if (up_ != Half::open || !give_plain(std::exchange(up_rest_, {})) || !read_up()) return;
  covered_.again();
}

/// False when there is nothing more for the moment, or ever.
bool TlsPassing::read_up() {
  std::size_t count = 0;
  const auto bytes = poller_.pool().scratch();
  switch (engine_.read(bytes, count)) {
    case tls::Moved::some:
      fruitless_ = 0;
      up_count_ += count;
      return give_plain({bytes.data(), count});
    case tls::Moved::later: return false;
    case tls::Moved::end:
      plain_.end_writing();
      up_ = Half::over;
      return false;
    case tls::Moved::cut:
    case tls::Moved::failed: break;
  }
  cut_ = true;
  return false;
}

/// False when not all of it was taken: the rest is kept. What nobody wants to read is lost, as on any connection.
bool TlsPassing::give_plain(std::string_view text) {
  while (!text.empty()) {
    std::size_t count = 0;
    const Moved moved = plain_.writable() ? plain_.send(text, count) : Moved::later;
    if (moved == Moved::failed) up_ = Half::over;
    if (moved == Moved::later) up_rest_ = text;
    if (moved != Moved::some) return false;
    text.remove_prefix(count);
  }
  return true;
}

void TlsPassing::pass_down(bool tears) {
  for (int portion = 0; portion < portions_per_turn && !cut_ && down_ == Half::open; ++portion)
    if (!give_covered(std::exchange(down_rest_, {})) || !read_down(tears)) break;
  if (down_ == Half::closing) return close_down();
  if (down_ == Half::open && down_rest_.empty() && plain_.readable()) plain_.again();
}

bool TlsPassing::read_down(bool tears) {
  if (!plain_.readable()) return false;
  std::size_t count = 0;
  const auto bytes = poller_.pool().scratch();
  const Moved moved = plain_.receive(bytes, count);
  torn_ = tears && moved == Moved::failed;
  if (torn_) return false;
  if (moved == Moved::end || moved == Moved::failed) down_ = Half::closing;
  if (moved != Moved::some) return false;
  down_count_ += count;
  return give_covered({bytes.data(), count});
}

bool TlsPassing::give_covered(std::string_view text) {
  while (!text.empty()) {
    std::size_t count = 0;
    const tls::Moved moved = engine_.write(text, count);
    if (moved == tls::Moved::later) down_rest_ = text;
    if (moved != tls::Moved::some && moved != tls::Moved::later) cut_ = true;
    if (moved != tls::Moved::some) return false;
    text.remove_prefix(count);
  }
  return true;
}

void TlsPassing::close_down() {
  const tls::Moved moved = engine_.close();
  if (moved == tls::Moved::later) return;
  if (moved != tls::Moved::some) return void(cut_ = true);
  covered_.end_writing();
  down_ = Half::over;
}

}  // namespace xsuperd::converse
