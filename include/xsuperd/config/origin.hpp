// SPDX-License-Identifier: MIT
#pragma once
#include <vector>

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/model.hpp"

/// Where the values of a service come from. Pure.
namespace xsuperd::config {

/// One place that has a say in the value of an attribute.
struct Source {
  enum class From : std::uint8_t {
    entry,     ///< a line of the service's own
    defaults,  ///< a line of a defaults entry
    built_in,  ///< nobody wrote it: it holds when nothing is given, or follows from other values; no place
  };
  From from = From::built_in;
  Place place;  ///< column 0
};

/// Who says what `row` is for the service, in the order in which it was read: the defaults before += and -=. Lines that
/// a later `=` overrides are left out. Never empty.
[[nodiscard]] std::vector<Source> sources_of(const Service& service, const Attribute& row);

}  // namespace xsuperd::config
