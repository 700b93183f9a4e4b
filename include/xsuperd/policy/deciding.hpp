// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>

#include "xsuperd/policy/verdict.hpp"

/// What in the configuration has decided, by its place, for event logs. Pure.
namespace xsuperd::policy {

/// Where the last line stands that has a say in the value of `attribute`, which exists; line 0: nobody has written one.
[[nodiscard]] config::Place place_of(const config::Service& service, std::string_view attribute);

/// Where that stands which has refused a peer: the element of an access list, or the attribute. Line 0: it is not in the
/// configuration, as a ban, libwrap, an option or what is built in.
[[nodiscard]] config::Place deciding_place(const config::Service& service, const Verdict& verdict);

}  // namespace xsuperd::policy
