// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/control/message.hpp"

namespace xsuperd::control {

/// A finding about a configuration as replies and xsuperctl --json have it: `level`, `file`, `line`, `column`, `width`,
/// `sentence`, `text`, `hint` and `service`. All members are always there; what is not known is null. Pure.
[[nodiscard]] json::object json_finding(const config::Diagnostic& finding);
/// The way back, for who prints it: what is missing or of another kind stays as it is in a new Diagnostic. Pure.
[[nodiscard]] config::Diagnostic finding_of(const json::object& object);

}  // namespace xsuperd::control
