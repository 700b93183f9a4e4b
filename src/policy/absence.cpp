// SPDX-License-Identifier: MIT
#include "xsuperd/policy/absence.hpp"

#include <fmt/format.h>

#include "xsuperd/base/text.hpp"

namespace xsuperd::policy {

std::string place_text(const config::Place& place) {
  return place.column > 0 ? fmt::format("{}:{}:{}", place.file, place.line, place.column)
                          : fmt::format("{}:{}", place.file, place.line);
}

std::string_view word_of(config::Fate fate) {
  switch (fate) {
    case config::Fate::disabled:
      return "disabled";
    case config::Fate::disabled_by_defaults:
      return "disabled by the defaults";
    case config::Fate::superseded:
      return "left out: another entry has its id or socket";
    case config::Fate::refused:
      break;
  }
  return "left out because of an error";
}

bool is_meant(const std::string& id, const std::string& name, const std::string& word) {
  return base::iequals(id, word) || base::iequals(name, word);
}

std::string absence_text(const config::Absent& absent) {
  return base::escaped(fmt::format("service {} ({}) is {}", absent.id, place_text(absent.place), word_of(absent.fate)),
                       4096) +
         "\n";
}

}  // namespace xsuperd::policy
