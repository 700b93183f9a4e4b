// SPDX-License-Identifier: MIT
// Files and folders of the configuration that somebody else than root and the daemon's user may change: whoever may, decides
// what the daemon runs. Internal to config.
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/files.hpp"

namespace xsuperd::config {

/// Looks at each path once. Asks `files` only.
class Guard {
 public:
  Guard(Files& files, Diagnostics& diagnostics) : files_(files), diagnostics_(diagnostics) {}

  /// A file that was read, and the folders that lead to it.
  void file(const std::string& path);
  /// A folder all of whose files are read: who may make one there is enough, and so the sticky bit does not help.
  void folder(const std::string& path);
  /// A sentence for each path that others may change.
  [[nodiscard]] const std::vector<std::string>& found() const { return found_; }

 private:
  void look(const std::string& path, bool sticky_helps);
  void look_at_ancestors(const std::string& path);

  Files& files_;
  Diagnostics& diagnostics_;
  std::set<std::pair<std::string, bool>> seen_;  ///< path, and whether the sticky bit was to help
  std::set<std::string> told_;
  std::vector<std::string> found_;
};

/// Who else may change it, as "everybody", "the group 5" or "the user 1000"; empty: nobody. `sticky_helps`: what stands in a
/// folder with the sticky bit cannot be replaced by others. Pure.
[[nodiscard]] std::string changeable_by(const Files::Status& status, const Files::Self& self, bool sticky_helps);

}  // namespace xsuperd::config
