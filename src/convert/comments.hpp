// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

/// The comments of a file in the language of inetd.
namespace xsuperd::convert {

/// Who gets which lines. Lines are counted from 1.
struct Comments {
  std::map<int, std::vector<std::string>> of;  ///< by the line on which a service begins
  std::map<int, std::string> left;             ///< lines that belong to none: comments, directives
};

/// `services`: the lines on which services begin. A service has the comments directly above it and those inside it.
[[nodiscard]] Comments comments_of(const std::string& text, const std::set<int>& services);

/// The lines from that of a service up to its last one that is no comment and no blank.
[[nodiscard]] std::map<int, std::string> lines_of_service(const std::string& text, const std::set<int>& services,
                                                          int line);

}  // namespace xsuperd::convert
