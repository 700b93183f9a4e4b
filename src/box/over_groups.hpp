// SPDX-License-Identifier: MIT
// The control groups of boxes that are over, until the process that makes boxes has been told to remove them. Internal to
// box.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace xsuperd::box {

class OverGroups {
 public:
  /// That of a box without a control group is empty, and nothing is remembered.
  void add(std::string_view path);
  [[nodiscard]] bool empty() const { return paths_.empty(); }
  /// Tells of them by `tell`, in parts that fit into a request, until it answers with an error. What was told is forgotten.
  void tell_all(const std::function<int(std::string_view paths)>& tell);

 private:
  std::string paths_;  ///< each with a NUL byte behind it
};

}  // namespace xsuperd::box
