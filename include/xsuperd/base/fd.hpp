// SPDX-License-Identifier: MIT
#pragma once
#include <utility>

namespace xsuperd::base {

/// Owns one file descriptor and closes it at the end of its life.
///
/// Invariant: every descriptor that enters an Fd was made close-on-exec by the call that created it
/// (SOCK_CLOEXEC, O_CLOEXEC, accept4, F_DUPFD_CLOEXEC), so that no server ever inherits it. Not tied to a
/// thread; one owner at a time.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  /// The number, or -1 when nothing is owned.
  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives the number away without closing it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what is owned and takes `fd` (-1: nothing).
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace xsuperd::base
