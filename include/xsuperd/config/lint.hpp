// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <string_view>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/files.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::config {

/// What is valid in a configuration but may not be what was meant; for -t. Pure. Takes time n log n in the length of
/// access lists, and reports at most ten findings of a kind and service one by one, and how many more there are.
///
/// - An element of one access list that equals or lies inside an element of the other: a warning where an element of
///   only_from can therefore never admit anybody, a note where one list carves something out of the other
///   (decision B15.2).
/// - An element that no peer of the service's socket can match: a note, and a warning when there are no others in
///   only_from. Elements of the defaults are not reported: they are there for all services.
/// - Access lists of a service whose peer the daemon does not know (fact B4.37): a note. Names in the lists of one whose
///   server accepts: nobody has looked for the peer's name by then, so that a name in only_from admits nobody, a note, and
///   one in no_access keeps everybody out, a warning.
/// - An element that means something else than it looks like, or than it means to xinetd, such as 10.77 or a netmask
///   (facts B5.1, B5.2, B5.5): a warning.
[[nodiscard]] std::vector<Diagnostic> lints(const Config& config);

/// Servers that somebody could change who should not: programs that everybody or a group may write, and programs that
/// run as root and belong to somebody else. Warnings. Looks at the files.
[[nodiscard]] std::vector<Diagnostic> lint_files(const Config& config, Files& files);

/// The user that the packages create for worker processes; what root's daemon runs them as unless it is told otherwise.
constexpr std::string_view worker_user = "xsuperd-worker";
/// Services whose servers run as the user of the worker processes, whom they could stop, kill and trace: a warning each.
/// Pure.
[[nodiscard]] std::vector<Diagnostic> lint_worker(const Config& config, uid_t worker);

/// What would protect less, or not be served, if xinetd read the same files, a warning each: lines of attributes of ours
/// that restrict, which xinetd ignores, and values that it takes for something else or refuses, as the rows of the table
/// say. A line of the defaults is told once, with the services that it is meant for. Lines of inetd.conf are passed over.
/// Looks up ports, and reads the files again for the columns.
[[nodiscard]] std::vector<Diagnostic> lint_as_xinetd(const Config& config, Files& files, Names& names);

}  // namespace xsuperd::config
