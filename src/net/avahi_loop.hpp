// SPDX-License-Identifier: MIT
#pragma once
#include <avahi-common/watch.h>

#include <chrono>
#include <list>
#include <optional>

namespace xsuperd::net {

/// poll(2) for libavahi-client. The library brings loops of its own, but servers of ours would inherit the pipe
/// in them. One thread, whichever made it.
class AvahiLoop {
 public:
  /// `wake`: an eventfd that ends turn() when it is written to; borrowed.
  explicit AvahiLoop(int wake);
  AvahiLoop(const AvahiLoop&) = delete;
  AvahiLoop& operator=(const AvahiLoop&) = delete;
  ~AvahiLoop();

  [[nodiscard]] const AvahiPoll* api() const { return &api_; }
  /// Waits for something to happen, no longer than `most`, and lets the library handle it.
  void turn(std::optional<std::chrono::milliseconds> most);

 private:
  static AvahiLoop& of(const AvahiPoll* api) { return *static_cast<AvahiLoop*>(api->userdata); }
  [[nodiscard]] int milliseconds_left(std::optional<std::chrono::milliseconds> most) const;
  void run_timeouts();
  void sweep();

  int wake_;
  AvahiPoll api_{};
  // The library frees some while they are being run: they are marked, and go at the end of the turn.
  std::list<AvahiWatch> watches_;
  std::list<AvahiTimeout> timeouts_;
};

}  // namespace xsuperd::net
