// SPDX-License-Identifier: MIT
#pragma once
#include <memory>
#include <string>

#include "xsuperd/base/error.hpp"

/// Labeled networking with SELinux: a server runs at the level of the connection that it serves (fact B6.15).
namespace xsuperd::net {

/// False when xsuperd was built without libselinux.
[[nodiscard]] bool labels_available();
/// Does this kernel have SELinux? Needs no library to find out. Always false when built without.
[[nodiscard]] bool labels_in_kernel();
/// Loads libselinux, and tells whether SELinux is in use. Blocks on files the first time; thread safe. An error names
/// the library.
[[nodiscard]] base::Result<bool> load_labels();

/// Security contexts for servers. Loop thread; asks the kernel only, and waits for nothing but it.
class SecurityLabels {
 public:
  virtual ~SecurityLabels() = default;
  /// The context to execute the program at the path `server` in, for the peer of `connection`: ours, with the
  /// level of the label that the connection came with, and then what the policy makes of it when that program
  /// is executed. An error names the step that failed.
  [[nodiscard]] virtual base::Result<std::string> exec_context(int connection, const std::string& server) = 0;
};

/// The kernel's own; null unless labels_in_kernel(). To be used after load_labels().
[[nodiscard]] std::unique_ptr<SecurityLabels> make_selinux_labels();

}  // namespace xsuperd::net
