// SPDX-License-Identifier: MIT
#pragma once
#include <boost/describe/class.hpp>
#include <cstdint>
#include <string_view>

/// For headers of structs that are described once: each names its members in BOOST_DESCRIBE_STRUCT below its definition,
/// and members.hpp goes through them. One that is forgotten there does not compile.
namespace xsuperd::base {

/// Says that a member came later: with which version of the state that outlives an upgrade. A struct with such members
/// has a function beside it that lists them:
///
///     constexpr auto members_since(const T*) { return std::array{base::Since{"member", 5}}; }
struct Since {
  std::string_view member;
  std::uint64_t version = 0;
};

}  // namespace xsuperd::base
