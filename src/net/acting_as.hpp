// SPDX-License-Identifier: MIT
// One thread with the privileges of somebody else. Internal to net.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "xsuperd/net/local_connector.hpp"

namespace xsuperd::net {

/// Makes the calling thread, and no other of the process, act as somebody else: effective user, effective group and
/// supplementary groups. The real and the saved user stay root, so that nobody else may signal or trace the thread. For
/// daemons that are root. To be used, and to go, on one thread.
class ActingAs {
 public:
  /// Throws bad_alloc, and has changed nothing then.
  explicit ActingAs(const ConnectAs& who);
  ~ActingAs() { (void)restore(); }
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

  /// 0, or errno: then it acts as nobody in particular, and nothing may be done before restore().
  [[nodiscard]] int error() const { return error_; }
  /// Acts as itself again. False: it does not, and the thread must not be used any more.
  [[nodiscard]] bool restore();

 private:
  struct Ids {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;
    std::uint64_t capabilities = 0;  ///< the effective ones
    bool operator==(const Ids&) const = default;
  };
  [[nodiscard]] static Ids present();
  [[nodiscard]] static int become(const ConnectAs& who);

  const Ids before_;
  int error_ = 0;
  bool changed_ = true;
};

}  // namespace xsuperd::net
