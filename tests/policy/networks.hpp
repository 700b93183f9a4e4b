// SPDX-License-Identifier: MIT
// A short way to write networks in tests.
#pragma once
#include <string_view>

#include "xsuperd/policy/network.hpp"

namespace xsuperd::policy::test {

/// "192.0.2.7", "2001:db8::/32". The text is right.
inline Network network(std::string_view text) { return *Network::parse(text); }

}  // namespace xsuperd::policy::test
