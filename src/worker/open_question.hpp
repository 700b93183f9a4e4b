// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>

#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

/// The question to a worker how far its conversations are, as long as it has not been answered to the end; and whether what
/// comes is in order. Pure.
class OpenQuestion {
 public:
  [[nodiscard]] bool open() const { return question_.has_value(); }
  [[nodiscard]] bool is(std::uint64_t question) const { return question_ == question; }
  void put(std::uint64_t question);
  /// Nobody answers it any more.
  void forget() { question_.reset(); }
  /// Takes an answer, or a part of one. False: nobody asked for it, or its tokens do not ascend.
  [[nodiscard]] bool takes(const Progress& progress);

 private:
  std::optional<std::uint64_t> question_;
  std::optional<std::uint64_t> last_token_;  // of those it has told in answer to it
};

}  // namespace xsuperd::worker
