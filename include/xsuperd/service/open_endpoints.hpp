// SPDX-License-Identifier: MIT
#pragma once
#include <boost/container/small_vector.hpp>

#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// Which endpoints of a service are open, and which of those a wait = yes server owns; with what may keep all of them
/// closed, the service's phase. Pure; a State owns it.
class OpenEndpoints {
 public:
  [[nodiscard]] Phase phase() const;
  /// Not paused, and not retiring.
  [[nodiscard]] bool serving() const { return mode_ == Mode::serving; }
  [[nodiscard]] bool paused() const { return mode_ == Mode::paused; }
  [[nodiscard]] bool retiring() const { return mode_ == Mode::retiring; }

  [[nodiscard]] bool is_open(EndpointId endpoint) const;
  /// Is it open, and a server's?
  [[nodiscard]] bool is_busy(EndpointId endpoint) const;
  /// Is it open, and no server's?
  [[nodiscard]] bool is_free(EndpointId endpoint) const;

  /// It is open. Ends a pause; not to be called when the service retires.
  void open(EndpointId endpoint);
  /// It is closed. Ends a pause.
  void close(EndpointId endpoint);
  /// A server owns it, or will. False when it is not open.
  bool lend(EndpointId endpoint);
  /// No server owns it any more. False when it is not open.
  bool take_back(EndpointId endpoint);
  /// All are closed, until one is open again; or for good.
  void pause();
  void retire();

  /// Phase and endpoints of a snapshot, there and back.
  void save(StateSnapshot& snapshot) const;
  void restore(const StateSnapshot& snapshot);

 private:
  enum class Mode : std::uint8_t { serving, paused, retiring };
  using One = StateSnapshot::OpenEndpoint;
  [[nodiscard]] const One* find(EndpointId endpoint) const;
  bool mark(EndpointId endpoint, bool busy);

  Mode mode_ = Mode::serving;
  boost::container::small_vector<One, 2> open_;
};

}  // namespace xsuperd::service
