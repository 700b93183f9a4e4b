// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "xsuperd/config/model.hpp"
#include "xsuperd/config/parser.hpp"

namespace xsuperd::convert {

/// Where the attributes of services stand in the files they were read from. Parses them once more: a Service knows its
/// own place only.
class Origins {
 public:
  /// `texts`: by path, all that was read.
  explicit Origins(const std::map<std::string, std::string>& texts);

  /// The line that gives the attribute last: in the service's own entry, else in the defaults; else its first line.
  [[nodiscard]] config::Place of(const config::Service& service, std::string_view attribute) const;

 private:
  std::map<std::pair<std::string, int>, config::Entry> services_;
  config::Entry defaults_;
};

}  // namespace xsuperd::convert
