// SPDX-License-Identifier: MIT
// The rows of attributes that confine servers, besides those that xinetd has: sorted by name, and merged into the table in
// attributes.cpp. Internal to config.
#pragma once
#include <array>

#include "config/row.hpp"

namespace xsuperd::config {

using S = Settings;

inline constexpr std::array confinement_rows{
    attr<&S::capabilities>({.name = "capabilities", .where = Where::both, .operators = Operators::list, .most = -1, .synopsis = "none|all|NAME ...|~NAME ...",
        .initial = "all, or as sandbox says", .example = "capabilities = CAP_NET_BIND_SERVICE",
        .text = "The capabilities that the server and what it starts may have at most; with or without CAP_. A server "
                "whose user is not root gets those that are named. With ~, all but these. See Confinement.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "'{}' is not a capability", .parse = values::capabilities}),
    attr<&S::no_new_privileges>({.name = "no_new_privileges", .where = Where::both, .synopsis = "yes|no",
        .initial = "no, or as sandbox says", .example = "no_new_privileges = yes",
        .text = "With yes, the server and what it starts gain no rights by executing files that are set-user-ID, "
                "set-group-ID or have capabilities. It is yes wherever system_calls or tcp_connect restrict "
                "something. See Confinement.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad value for no_new_privileges: {}", .parse = values::flag<&S::no_new_privileges>}),
    attr<&S::rlimit_core>({.name = "rlimit_core", .synopsis = "SIZE|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_core = 0",
        .text = "The largest core file that the server may leave. In bytes; the suffix K or M multiplies the number "
                "by 1024 or 1048576. UNLIMITED removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Core file limit is invalid: {}", .parse = values::size<&S::rlimit_core>}),
    attr<&S::rlimit_fsize>({.name = "rlimit_fsize", .synopsis = "SIZE|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_fsize = 100M",
        .text = "The largest file that the server may write. In bytes; the suffix K or M multiplies the number by "
                "1024 or 1048576. UNLIMITED removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "File size limit is invalid: {}", .parse = values::size<&S::rlimit_fsize>}),
    attr<&S::rlimit_locks>({.name = "rlimit_locks", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_locks = 64",
        .text = "How many locks and leases on files the server may hold. Linux no longer looks at it. UNLIMITED "
                "removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "File lock limit is invalid: {}", .parse = values::limit<&S::rlimit_locks>}),
    attr<&S::rlimit_memlock>({.name = "rlimit_memlock", .synopsis = "SIZE|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_memlock = 64K",
        .text = "How much memory the server may keep from being swapped out. In bytes; the suffix K or M multiplies "
                "the number by 1024 or 1048576. UNLIMITED removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Locked memory limit is invalid: {}", .parse = values::size<&S::rlimit_memlock>}),
    attr<&S::rlimit_msgqueue>({.name = "rlimit_msgqueue", .synopsis = "SIZE|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_msgqueue = 0",
        .text = "How much memory the POSIX message queues of the user may take. In bytes; the suffix K or M "
                "multiplies the number by 1024 or 1048576. UNLIMITED removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Message queue limit is invalid: {}", .parse = values::size<&S::rlimit_msgqueue>}),
    attr<&S::rlimit_nice>({.name = "rlimit_nice", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_nice = 20",
        .text = "How far the server may raise its scheduling priority: to the nice value of 20 less this number, "
                "which is 0 to 40. UNLIMITED removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Nice limit is invalid: {}", .parse = values::limit<&S::rlimit_nice>}),
    attr<&S::rlimit_nproc>({.name = "rlimit_nproc", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_nproc = 32",
        .text = "How many processes and threads the user of the server may have, in all services and elsewhere. If "
                "there are more, the server does not start. Linux does not count those of root. UNLIMITED removes the "
                "limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Process limit is invalid: {}", .parse = values::limit<&S::rlimit_nproc>}),
    attr<&S::rlimit_rtprio>({.name = "rlimit_rtprio", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_rtprio = 0",
        .text = "The highest real-time priority that the server may have. UNLIMITED removes the limit; 0 is a limit "
                "like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Real-time priority limit is invalid: {}", .parse = values::limit<&S::rlimit_rtprio>}),
    attr<&S::rlimit_rttime>({.name = "rlimit_rttime", .synopsis = "MICROSECONDS|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_rttime = 200000",
        .text = "How long the server may use a processor under real-time scheduling without waiting for anything. "
                "UNLIMITED removes the limit; 0 is a limit like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Real-time limit is invalid: {}", .parse = values::limit<&S::rlimit_rttime>}),
    attr<&S::rlimit_sigpending>({.name = "rlimit_sigpending", .synopsis = "NUMBER|UNLIMITED",
        .initial = "the daemon's", .example = "rlimit_sigpending = 256",
        .text = "How many signals may be queued for the user of the server. UNLIMITED removes the limit; 0 is a limit "
                "like any other.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Pending signal limit is invalid: {}", .parse = values::limit<&S::rlimit_sigpending>}),
    attr<&S::sandbox>({.name = "sandbox", .where = Where::both, .synopsis = "none|basic|strict",
        .initial = "none", .example = "sandbox = basic",
        .text = "Confines programs. With basic, no_new_privileges is yes, capabilities is none unless the user is "
                "root, and system_calls is @service. With strict, no_new_privileges is yes, capabilities is none, "
                "system_calls is @strict, and each server has a box of its own: private_tmp, private_devices, "
                "private_network, private_pids and private_ipc are yes, and of the host's files it sees programs only. "
                "An attribute that is given itself, here or in the defaults, holds instead. See Confinement and Boxes.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad sandbox: {}", .parse = values::word<&S::sandbox>}),
    attr<&S::system_call_action>({.name = "system_call_action", .where = Where::both, .synopsis = "error|kill",
        .initial = "error", .example = "system_call_action = kill",
        .text = "What becomes of a system call that system_calls takes away: with error it fails with EPERM, with "
                "kill it ends the process with SIGSYS.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad system call action: {}", .parse = values::word<&S::system_call_action>}),
    attr<&S::system_calls>({.name = "system_calls", .where = Where::both, .most = -1, .synopsis = "all|@service|@strict [~CALL ...]",
        .initial = "all, or as sandbox says", .example = "system_calls = @service ~personality",
        .text = "The system calls that the server may make. @service takes away those that no network service needs, "
                "@strict leaves those of ordinary text servers only, ~CALL takes one away. See Confinement.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "Bad system call set: {}", .hint = "expected all, @service or @strict, and then ~CALL", .parse = values::system_calls}),
    attr<&S::tcp_connect>({.name = "tcp_connect", .where = Where::both, .most = -1, .synopsis = "any|none|PORT ...",
        .initial = "any", .example = "tcp_connect = 53 443",
        .text = "The ports to which the server may open TCP connections, by number or by name of /etc/services; at "
                "whatever host. It needs Linux 6.7, and where the kernel lacks it, the service is not opened. See "
                "Confinement.",
        .difference = "Not in xinetd.", .without = Without::more,
        .wrong = "tcp_connect is invalid: {}", .hint = "expected any, none, or ports", .parse = values::tcp_connect}),
};

}  // namespace xsuperd::config
