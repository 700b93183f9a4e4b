// SPDX-License-Identifier: MIT
// Reads what a server writes to its descriptor 2, which is a pipe, until nobody has that open for writing any more. It is
// always read on, however much is written: whoever writes never waits for long.
#include "converse/line_feed.hpp"
#include "converse/talks.hpp"

namespace xsuperd::converse {

namespace {

constexpr int portions_per_turn = 4;

class Lines final : public Talk {
 public:
  explicit Lines(Opening& opening) : Talk(opening), feed_(std::move(opening.parameters.on_line)) {}

 private:
  void step() override;
  void time_is_up() override;
  void close() override;
  [[nodiscard]] bool read();

  LineFeed feed_;
  bool pausing_ = false;
};

void Lines::step() {
  for (int portion = 0; portion < portions_per_turn; ++portion)
    if (!read()) return;
  peer_.again();
}

/// False when there is nothing more for the moment, or ever: then it is over.
bool Lines::read() {
  if (!peer_.readable()) return false;
  std::size_t count = 0;
  const auto bytes = poller_.pool().scratch();
  const Moved moved = peer_.receive(bytes, count);
  if (moved == Moved::later) return false;
  if (moved != Moved::some) {
    feed_.end(poller_.now());
    finish();
    return false;
  }
  report_.in += count;
  feed_.take({bytes.data(), count}, poller_.now());
  if (feed_.pause_end() && !std::exchange(pausing_, true)) limit(LineFeed::pause);
  return true;
}

/// How many lines were dropped is told although no other comes.
void Lines::time_is_up() {
  feed_.go_on(std::chrono::steady_clock::now());
  pausing_ = feed_.pause_end().has_value();
  if (pausing_) limit(LineFeed::pause);
}

/// The daemon has the pipe, too, so that closing it here takes it out of no set.
void Lines::close() { (void)peer_.release(); }

}  // namespace

std::unique_ptr<Talk> make_lines(Opening& opening) { return std::make_unique<Lines>(opening); }

}  // namespace xsuperd::converse
