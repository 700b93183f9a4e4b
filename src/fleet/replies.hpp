// SPDX-License-Identifier: MIT
// What the store answers (RESP 2), read by hiredis, which is used here and nowhere else. Internal to fleet.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"

namespace xsuperd::fleet {

/// An answer, or an element of one.
struct Reply {
  enum class Kind : std::uint8_t { nothing, text, status, error, number, list };
  Kind kind = Kind::nothing;
  std::string text = {};  ///< of text, status and error
  long long number = 0;
  std::vector<Reply> list = {};

  [[nodiscard]] bool is_error(std::string_view begin = {}) const { return kind == Kind::error && text.starts_with(begin); }
  [[nodiscard]] bool is_text() const { return kind == Kind::text || kind == Kind::status; }
};

inline constexpr std::size_t most_elements = 8192;               ///< of one answer, those in lists of lists included
inline constexpr std::size_t most_reply_bytes = 1024 * 1024;     ///< of an answer that is not complete

/// Loads hiredis, while its file can be reached still. The error says why it cannot be used.
[[nodiscard]] base::Result<void> load_hiredis();

/// Cuts a stream of bytes into answers. A stream that breaks the protocol or a bound has no more of them. Needs
/// load_hiredis(). A value that is moved about.
class Replies {
 public:
  Replies();
  ~Replies();
  Replies(Replies&&) noexcept;
  Replies& operator=(Replies&&) noexcept;

  void feed(std::string_view bytes);
  /// The next answer that is complete; nothing: there is none yet, or broken().
  [[nodiscard]] std::optional<Reply> next();
  [[nodiscard]] bool broken() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds a command, a list of texts: as a store reads it.
template <typename... Words>
void put_command(std::string& to, const Words&... words);

namespace command {
inline void put_word(std::string& to, std::string_view word) {
  to += '$';
  to += std::to_string(word.size());
  to += "\r\n";
  to += word;
  to += "\r\n";
}
}  // namespace command

template <typename... Words>
void put_command(std::string& to, const Words&... words) {
  to += '*';
  to += std::to_string(sizeof...(words));
  to += "\r\n";
  (command::put_word(to, words), ...);
}

}  // namespace xsuperd::fleet
