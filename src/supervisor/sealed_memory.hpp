// SPDX-License-Identifier: MIT
// How the state travels from one image to the next. Internal to supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::supervisor {

/// The environment variable that names the descriptor of the state. It is taken away before anybody could inherit it.
inline constexpr const char* take_over_variable = "XSUPERD_TAKE_OVER";
/// What the trial run's answer begins with when the state is good; its notes follow.
inline constexpr std::string_view trial_passed = "ready\n";

/// A file in memory that is written piece by piece, and that nobody can change when it is done (memfd_create(2), all seals).
/// Blocks on nothing but memory; any one thread.
class MemoryFile {
 public:
  /// `name` is what /proc shows.
  explicit MemoryFile(const char* name);
  /// After an error nothing is written any more.
  void append(std::string_view text);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The file, sealed; or the first error that there was. To be called once.
  [[nodiscard]] base::Result<base::Fd> seal();

 private:
  void fail(std::string_view what);

  base::Fd memory_;
  std::optional<base::Error> error_;
  std::uint64_t size_ = 0;
};

/// All of a text in one.
[[nodiscard]] base::Result<base::Fd> make_sealed_memory(std::string_view text);
/// The contents of one; an error for any other descriptor.
[[nodiscard]] base::Result<std::string> read_sealed_memory(int fd);

/// Executes `path` in this process with the descriptors of `kept`, all others being close-on-exec. Returns only when
/// that failed, with everything as it was.
[[nodiscard]] base::Error execute_in_place(const std::string& path, const std::vector<std::string>& arguments,
                                           const std::vector<std::string>& environment, const std::vector<int>& kept);

}  // namespace xsuperd::supervisor
