// SPDX-License-Identifier: MIT
// What rows of the attribute table are made with. Internal to config.
#pragma once
#include "config/print.hpp"
#include "config/values.hpp"

namespace xsuperd::config {

/// Fills the columns that follow from the member alone.
template <auto Member>
constexpr Attribute attr(Attribute row) {
  row.is_set = [](const Settings& s) { return (s.*Member).has_value(); };
  row.print = [](const Settings& s) { return (s.*Member) ? printing::text_of(*(s.*Member)) : std::string{}; };
  row.same = [](const Settings& a, const Settings& b) { return a.*Member == b.*Member; };
  row.inherit = [](Settings& s, const Settings& defaults) {
    if (!(s.*Member)) s.*Member = defaults.*Member;
  };
  return row;
}

}  // namespace xsuperd::config
