// SPDX-License-Identifier: MIT
// Where what holds for a service was written. Internal to config. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/parser.hpp"

namespace xsuperd::config {

/// The lines of an entry and of the defaults, for findings about what they come to together. Both must outlive it.
class Written {
 public:
  Written(const Entry& entry, const std::vector<const Entry*>& defaults) : entry_(entry), defaults_(defaults) {}

  /// A finding at the value of the attribute, in the entry or else in the defaults; at the head of the entry when neither
  /// has it or `attribute` is empty.
  [[nodiscard]] Diagnostic finding(Level level, std::string_view attribute, std::string sentence, std::string hint,
                                   std::string id) const;
  /// The same at one of its values, from the character `at` on.
  [[nodiscard]] Diagnostic finding_in(Level level, std::string_view attribute, std::string_view value, std::size_t at,
                                      std::string sentence, std::string hint, std::string id) const;

 private:
  const Entry& entry_;
  const std::vector<const Entry*>& defaults_;
};

}  // namespace xsuperd::config
