// SPDX-License-Identifier: MIT
// The control groups of boxes, as the process that makes boxes makes and removes them:
//
//     GROUP/xsuperd-daemon                      the daemon, its helpers, and servers without limits
//     GROUP/xsuperd-boxes-PID/box-N             a box, of the daemon with that pid
//     GROUP/xsuperd-boxes-PID/service-ID/box-N  the same, of a service with limits for all of them together
//
// Nothing is touched before the first box with limits is asked for. Internal to box.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "box/namespaces.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

class Groups {
 public:
  explicit Groups(pid_t daemon);

  struct Group {
    base::Fd directory = {};
    std::uint32_t number = 0;
    std::string path = {};
  };
  /// Has it found its place? If not, make() and drop() must be called in the namespaces of the host.
  [[nodiscard]] bool begun() const { return static_cast<bool>(boxes_); }
  /// A new one for a box.
  [[nodiscard]] Trouble make(const Mould& mould, Group& to);
  /// Ends what is in the box's group, which stays for whoever wants to know what it met.
  void kill(const std::string& path);
  /// Ends what is in the box's group and removes it, now or in tend().
  void drop(const std::string& path);
  /// No box of that service will be asked for; its group goes when it is empty.
  void forget(const Mould& mould);

  /// Milliseconds until tend() is to be called, whatever else happens meanwhile; -1: it need not be.
  [[nodiscard]] int rest() const;
  void tend();
  /// Removes all groups in which nobody is.
  void end();

 private:
  [[nodiscard]] Trouble begin();
  [[nodiscard]] Trouble go_into_leaf(int own, bool machine);
  void remove_stale();
  [[nodiscard]] bool lives(std::int64_t daemon) const;
  [[nodiscard]] Trouble enable(const Mould& mould);
  [[nodiscard]] Trouble enable_in(int group, std::string_view controller);
  [[nodiscard]] Trouble make_service(const Mould& mould);
  void remove_forgotten();

  using Clock = std::chrono::steady_clock;

  const pid_t daemon_;
  base::Fd own_, boxes_;         ///< GROUP, and the directory of all boxes
  std::set<std::string, std::less<>> enabled_;  ///< controllers, in both
  struct Service {
    std::string id;
    Mould::Amounts amounts = {};
    std::vector<std::string> controllers = {};
    base::Fd directory = {};
  };
  std::vector<Service> services_;
  std::set<std::string> forgotten_;  ///< ids of services whose groups go
  std::vector<std::string> dying_;  ///< paths of groups whose processes are ending
  std::chrono::milliseconds rest_{0};
  Clock::time_point next_ = Clock::time_point::max();  ///< when tend() is to be called
  /// The number of the last box. Begins anywhere: the helper before this one has given numbers, too.
  std::uint32_t last_;
};

}  // namespace xsuperd::box
