// SPDX-License-Identifier: MIT
#include "xsuperd/control/frame.hpp"

namespace xsuperd::control {

namespace {
constexpr std::size_t header = 4;
}

std::string frame(std::string_view body) {
  std::string bytes;
  bytes.reserve(header + body.size());
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(body.size() >> shift & 0xff);
  return bytes.append(body);
}

std::optional<std::size_t> FrameReader::length() const {
  if (bytes_.size() < header) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < header; ++i) length = length << 8 | static_cast<unsigned char>(bytes_[i]);
  return length;
}

std::optional<std::size_t> FrameReader::too_long() const {
  const auto claimed = length();
  return claimed && *claimed > most_ ? claimed : std::nullopt;
}

std::optional<std::string> FrameReader::next() {
  const auto wanted = length();
  if (!wanted || *wanted > most_ || bytes_.size() - header < *wanted) return std::nullopt;
  std::string body = bytes_.substr(header, *wanted);
  bytes_.erase(0, header + *wanted);
  return body;
}

}  // namespace xsuperd::control
