// SPDX-License-Identifier: MIT
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// Messages between processes of ours: fields, one after the other. Pure.
namespace xsuperd::base {

/// Writes fields at the end of a text.
class FieldWriter {
 public:
  template <std::unsigned_integral T>
  FieldWriter& put(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    return *this;
  }
  /// The length in 32 bits, then the bytes.
  FieldWriter& text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads fields from the front. After the first that is not there, or not allowed, everything reads as zero
/// and complete() stays false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T take() {
    if (!good_ || rest_.size() < sizeof(T)) return refuse(), T{0};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(value);
  }
  /// A number that must not be greater than `most`.
  template <std::unsigned_integral T>
  T take_up_to(T most) {
    const T value = take<T>();
    return value <= most ? value : (refuse(), T{0});
  }
  bool flag() { return take_up_to<std::uint8_t>(1) == 1; }
  /// A text of at most `most` bytes. Points into what is being read.
  std::string_view text(std::size_t most) {
    const std::size_t size = take<std::uint32_t>();
    if (!good_ || size > most || size > rest_.size()) return refuse(), std::string_view{};
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  void refuse() { good_ = false; }
  /// Every field was there, and nothing is left over.
  [[nodiscard]] bool complete() const { return good_ && rest_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace xsuperd::base
