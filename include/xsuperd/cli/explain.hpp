// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/cli/options.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/net/resolver.hpp"

namespace xsuperd::cli {

/// What --explain is asked.
struct Inquiry {
  std::string service;  ///< an id or a name, upper and lower case alike
  base::Address peer;
  base::LocalTime at;               ///< hour and minute count
  std::uint64_t process_limit = 0;  ///< -limit; 0: none
  std::optional<std::vector<gid_t>> groups = {};  ///< of a local peer, by the group database; none: not known
};

struct Explanation {
  /// In the order of the exit statuses. Of several services one that refuses is enough for `refused`.
  enum class Outcome : std::uint8_t { admitted, refused, no_such_service };
  Outcome outcome = Outcome::no_such_service;
  std::string text;  ///< whole lines
};

/// Whether the configuration admits the peer to the services of that id or name: each check in the order in
/// which the daemon makes them (fact B4.24), with its outcome, or with its limit where only a running daemon
/// knows; then the verdict and the element that decides it. Asks `names`, which may block, only when a name
/// can change the verdict.
[[nodiscard]] Explanation explain(const config::Config& config, const Inquiry& inquiry,
                                  net::NameSource& names);

/// `-t --explain`: reads the configuration and prints the explanation to stdout. Returns the exit status: 0 admitted, 1
/// refused, 2 for a bad address or time, an unreadable configuration, or no such service, reported on stderr.
[[nodiscard]] int explain_access(const CommandLine& command);

}  // namespace xsuperd::cli
