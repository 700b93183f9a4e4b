// SPDX-License-Identifier: MIT
// The rows of attributes that put servers into a box: sorted by name, and merged into the table in attributes.cpp. Internal
// to config.
#pragma once
#include <array>

#include "config/row.hpp"

namespace xsuperd::config {

inline constexpr std::array box_rows{
    attr<&Settings::box_reuse>({.name = "box_reuse", .where = Where::both, .synopsis = "yes|no",
        .initial = "no", .example = "box_reuse = no",
        .text = "With no, each connection gets a box of its own, which is thrown away behind it. With yes, a box that "
                "looks as new is lent to the next connection, which costs less; it needs private_pids = yes and "
                "system_calls = @strict. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for box_reuse: {}", .parse = values::flag<&Settings::box_reuse>}),
    attr<&Settings::cpu_quota>({.name = "cpu_quota", .where = Where::both, .synopsis = "NUMBER%|UNLIMITED",
        .initial = "UNLIMITED", .example = "cpu_quota = 50%",
        .text = "How much of the time of one processor the processes of a connection have together; more than 100% "
                "is part of several processors. Who has used it up waits. See Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "cpu_quota is invalid: {}", .parse = values::quota<&Settings::cpu_quota>}),
    attr<&Settings::cpu_weight>({.name = "cpu_weight", .where = Where::both, .synopsis = "NUMBER",
        .initial = "100", .example = "cpu_weight = 20",
        .text = "The share of a connection, from 1 to 10000, where connections with such limits want more processor "
                "time than there is. See Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "cpu_weight is invalid: {}", .parse = values::number<&Settings::cpu_weight, 1, 10'000>}),
    attr<&Settings::dynamic_uids>({.name = "dynamic_uids", .where = Where::both, .synopsis = "FIRST-LAST",
        .initial = "600000-665535", .example = "dynamic_uids = 600000-665535",
        .text = "The user ids that dynamic_user takes, which must be nobody's. When all are in use, no server starts: "
                "there must be more than instances.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad range of user ids: {}", .hint = "expected FIRST-LAST, both from 1000 to 4294967293", .parse = values::dynamic_uids}),
    attr<&Settings::dynamic_user>({.name = "dynamic_user", .where = Where::both, .synopsis = "yes|no",
        .initial = "no", .example = "dynamic_user = yes",
        .text = "With yes, each box has a user and group id of its own, out of dynamic_uids, in place of user and "
                "group: servers of one service cannot reach each other's processes and files, and rlimit_nproc counts "
                "for each of them. The attribute user must still be there. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for dynamic_user: {}", .parse = values::flag<&Settings::dynamic_user>}),
    attr<&Settings::inaccessible_paths>({.name = "inaccessible_paths", .where = Where::both, .operators = Operators::list, .most = -1,
        .synopsis = "PATH ...", .initial = "none", .example = "inaccessible_paths = /srv/private",
        .text = "Files and directories that the server sees as empty ones without rights. What is not there when files are "
                "laid out, at the first connection and after a reload, is not hidden later. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not an absolute path", .parse = values::paths<&Settings::inaccessible_paths>}),
    attr<&Settings::memory_max>({.name = "memory_max", .where = Where::both, .synopsis = "SIZE|UNLIMITED",
        .initial = "UNLIMITED", .example = "memory_max = 64M",
        .text = "How many bytes the processes of a connection have together, with what they write to a private "
                "/tmp; K, M, G and T may follow. When they need more, the kernel ends all of them. See Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "memory_max is invalid: {}", .parse = values::bytes<&Settings::memory_max, 65536>}),
    attr<&Settings::private_devices>({.name = "private_devices", .where = Where::both, .synopsis = "yes|no",
        .initial = "no, or as sandbox says", .example = "private_devices = yes",
        .text = "With yes, the server has a /dev of its own with null, zero, full, random and urandom only. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for private_devices: {}", .parse = values::flag<&Settings::private_devices>}),
    attr<&Settings::private_ipc>({.name = "private_ipc", .where = Where::both, .synopsis = "yes|no",
        .initial = "no, or as sandbox says", .example = "private_ipc = yes",
        .text = "With yes, the server has System V objects and POSIX message queues of its own. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for private_ipc: {}", .parse = values::flag<&Settings::private_ipc>}),
    attr<&Settings::private_network>({.name = "private_network", .where = Where::both, .synopsis = "yes|no",
        .initial = "no, or as sandbox says", .example = "private_network = yes",
        .text = "With yes, the server has its connection and no other network: over IP it can neither connect nor be "
                "connected to, and it sees no abstract UNIX sockets but its own. UNIX sockets that are files are reached "
                "where the files are seen, and AF_VSOCK is kept away only by system_calls = @service or @strict. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for private_network: {}", .parse = values::flag<&Settings::private_network>}),
    attr<&Settings::private_pids>({.name = "private_pids", .where = Where::both, .synopsis = "yes|no",
        .initial = "no, or as sandbox says", .example = "private_pids = yes",
        .text = "With yes, the server sees no processes but those that it has started, and when it ends, they end, too. "
                "See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for private_pids: {}", .parse = values::flag<&Settings::private_pids>}),
    attr<&Settings::private_tmp>({.name = "private_tmp", .where = Where::both, .synopsis = "yes|no",
        .initial = "no, or as sandbox says", .example = "private_tmp = yes",
        .text = "With yes, /tmp and /var/tmp are one directory of the server's own, in memory, empty at first and gone "
                "when the server has ended. It holds 64 MB and 16,384 files. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for private_tmp: {}", .parse = values::flag<&Settings::private_tmp>}),
    attr<&Settings::read_only_paths>({.name = "read_only_paths", .where = Where::both, .operators = Operators::list, .most = -1,
        .synopsis = "PATH ...", .initial = "none, or as sandbox says", .example = "read_only_paths = /srv/tftp",
        .text = "Files and directories, with what is below, that the server can read, as far as its user may, and not "
                "write. Where sandbox = strict has hidden them, they are there again. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not an absolute path", .parse = values::paths<&Settings::read_only_paths>}),
    attr<&Settings::read_write_paths>({.name = "read_write_paths", .where = Where::both, .operators = Operators::list, .most = -1,
        .synopsis = "PATH ...", .initial = "none", .example = "read_write_paths = /var/lib/game",
        .text = "Files and directories, with what is below, that the server can write, as far as its user may, although "
                "read_only_paths or sandbox = strict would not let it. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not an absolute path", .parse = values::paths<&Settings::read_write_paths>}),
    attr<&Settings::root_directory>({.name = "root_directory", .where = Where::both, .synopsis = "PATH",
        .initial = "/, or as sandbox says", .example = "root_directory = /srv/jail",
        .text = "The directory that the server has for /. Server and its libraries must be in it. With sandbox = strict "
                "it can be read only, and replaces the selection of the host's directories. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not an absolute path", .parse = values::path<&Settings::root_directory>}),
    attr<&Settings::service_cpu_quota>({.name = "service_cpu_quota", .where = Where::both, .synopsis = "NUMBER%|UNLIMITED",
        .initial = "UNLIMITED", .example = "service_cpu_quota = 150%",
        .text = "The same as cpu_quota, for all connections of the service together. See Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "service_cpu_quota is invalid: {}", .parse = values::quota<&Settings::service_cpu_quota>}),
    attr<&Settings::service_memory_max>({.name = "service_memory_max", .where = Where::both, .synopsis = "SIZE|UNLIMITED",
        .initial = "UNLIMITED", .example = "service_memory_max = 1G",
        .text = "The same as memory_max, for all connections of the service together. When they need more, the "
                "kernel ends the processes of one connection. See Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "service_memory_max is invalid: {}", .parse = values::bytes<&Settings::service_memory_max, 65536>}),
    attr<&Settings::service_tasks_max>({.name = "service_tasks_max", .where = Where::both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED", .example = "service_tasks_max = 500",
        .text = "The same as tasks_max, for all connections of the service together; no server is started "
                "meanwhile. See Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "service_tasks_max is invalid: {}", .parse = values::count<&Settings::service_tasks_max, 1>}),
    attr<&Settings::swap_max>({.name = "swap_max", .where = Where::both, .synopsis = "SIZE|UNLIMITED",
        .initial = "UNLIMITED", .example = "swap_max = 0",
        .text = "How many bytes of swap space the processes of a connection have together, besides memory_max. See "
                "Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "swap_max is invalid: {}", .parse = values::bytes<&Settings::swap_max, 0>}),
    attr<&Settings::tasks_max>({.name = "tasks_max", .where = Where::both, .synopsis = "NUMBER|UNLIMITED",
        .initial = "UNLIMITED, or 64 with sandbox = strict", .example = "tasks_max = 20",
        .text = "How many processes and threads a connection has at a time. Further ones fail with EAGAIN. See "
                "Limits.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tasks_max is invalid: {}", .parse = values::count<&Settings::tasks_max, 1>}),
    attr<&Settings::user_namespace>({.name = "user_namespace", .where = Where::both, .synopsis = "yes|no",
        .initial = "no", .example = "user_namespace = yes",
        .text = "With yes, the server is in a user namespace where no user and no group exist but its own: all others, root's "
                "too, are nobody there, and capabilities have power over nothing that the host has. With user = root it needs "
                "dynamic_user = yes: the server is root there, and a user without any rights outside. See Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for user_namespace: {}", .parse = values::flag<&Settings::user_namespace>}),
};

}  // namespace xsuperd::config
