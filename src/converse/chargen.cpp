// SPDX-License-Identifier: MIT
// RFC 864: lines of characters for as long as the peer takes them (facts B9.9, B9.23).
#include <array>

#include "converse/talks.hpp"

namespace xsuperd::converse {

namespace {

constexpr std::size_t letters = 93, width = 72, line_size = width + 2, lines = 95;

/// All lines before the first one comes again.
constexpr auto page = [] {
  std::array<char, lines * line_size> text{};
  for (std::size_t line = 0; line < lines; ++line) {
    char* at = text.data() + line * line_size;
    for (std::size_t i = 0; i < width; ++i) at[i] = static_cast<char>('!' + (line + i) % letters);
    at[width] = '\r';
    at[width + 1] = '\n';
  }
  return text;
}();
constexpr int pages_per_turn = 16;

class Chargen final : public Talk {
 public:
  using Talk::Talk;

 private:
  void step() override {
    // RFC 864 throws away what the peer sends. Its end means nothing: it may still listen.
    if (!deaf_) {
      const Moved moved = throw_away();
      if (moved == Moved::failed) return finish();
      deaf_ = moved == Moved::end;
    }
    for (int i = 0; i < pages_per_turn; ++i) {
      if (rest_.empty()) rest_ = {page.data(), page.size()};
      if (!send(rest_)) return;
    }
    peer_.again();
  }

  std::string_view rest_;
  bool deaf_ = false;
};

}  // namespace

std::unique_ptr<Talk> make_chargen(Opening& opening) { return std::make_unique<Chargen>(opening); }

}  // namespace xsuperd::converse
