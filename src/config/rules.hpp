// SPDX-License-Identifier: MIT
// The rules between attributes, each a row of predicate and sentence (facts B2.49 to B2.59). Internal to config.
#pragma once
#include <span>
#include <string>

#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

struct Rule {
  Level level = Level::error;  ///< error: the service is refused
  bool (*broken)(const Service&) = nullptr;
  std::string (*sentence)(const Service&) = nullptr;
  std::string_view about = {};                        ///< the attribute to point at; empty: the head of the entry
  std::string (*hint)(const Service&) = nullptr;  ///< null: none
};
[[nodiscard]] std::span<const Rule> rules();

/// Does the daemon have an internal service of that name for that socket type (facts B9.1, B9.3, decision B15.14)?
[[nodiscard]] bool internal_exists(std::string_view name, SocketType type);

}  // namespace xsuperd::config
