// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What all programs of this folder share. A target is a function of bytes that ends the program when something does
/// not hold that must hold of every input:
///
///     FUZZ_TARGET(name) { ... input ... }
///
/// libFuzzer calls it with inputs that it makes up (scripts/fuzz), the test `replay_fuzz` with the committed ones.
#ifdef XSUPERD_REPLAY
#define FUZZ_TARGET(name)                                                         \
  static void name##_target(std::string_view);                                    \
  static const ::xsuperd::fuzz::Registration name##_registration(#name, name##_target); \
  static void name##_target(std::string_view input)
#else
#define FUZZ_TARGET(name)                                                               \
  static void name##_target(std::string_view);                                          \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {   \
    name##_target({reinterpret_cast<const char*>(data), size});                         \
    return 0;                                                                           \
  }                                                                                     \
  static void name##_target(std::string_view input)
#endif

namespace xsuperd::fuzz {

/// Makes a target known to the test by its name.
struct Registration {
  Registration(const char* name, void (*target)(std::string_view));
};

/// Says where it was called; std::source_location is too new for the clang of Debian 12.
inline void must(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: this does not hold\n", file, line);
  std::abort();
}

/// Takes values off the front of an input; zeros when there is nothing left.
class Source {
 public:
  explicit Source(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  bool flag() { return (byte() & 1) != 0; }
  std::uint64_t number(int bytes = 8) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | byte();
    return value;
  }
  /// 0 to below - 1.
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(number(limit > 256 ? 4 : 1) % limit); }
  std::string_view text(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// A text with its length before it, in one byte.
  std::string_view word() { return text(byte()); }
  std::string_view rest() { return text(rest_.size()); }

 private:
  std::string_view rest_;
};

/// Letters, digits, signs and the blank of ASCII.
inline bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

/// None that a terminal would obey: C0 with DEL, but for ends of lines, C1 in UTF-8, and bytes that are no UTF-8. Answered
/// apart here without the functions that are tested.
inline bool harmless(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      if ((first < 0x20 && first != '\n') || first == 0x7f) return false;
      ++at;
      continue;
    }
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() - at < size) return false;
    std::uint32_t value = first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xc0) != 0x80) return false;
      value = value << 6 | (next & 0x3f);
    }
    constexpr std::uint32_t least[]{0x80, 0x800, 0x10000};
    if (value < least[size - 2] || value < 0xa0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return false;
    at += size;
  }
  return true;
}

}  // namespace xsuperd::fuzz
