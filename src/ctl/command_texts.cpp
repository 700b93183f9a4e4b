// SPDX-License-Identifier: MIT
// What the commands do, for COMMAND --help.
#include <algorithm>
#include <array>

#include "ctl/help.hpp"

namespace xsuperd::ctl {

namespace {

using Lines = std::string_view;

constexpr std::array status_lines{Lines{"xsuperctl status"}, Lines{"xsuperctl status --json | jq .totals"}};
constexpr std::array list_lines{Lines{"xsuperctl list"}, Lines{"xsuperctl list --all"}, Lines{"xsuperctl list ftp 'web-*'"}};
constexpr std::array stats_lines{Lines{"xsuperctl stats"}, Lines{"xsuperctl stats ftp"}};
constexpr std::array top_lines{Lines{"xsuperctl top --sort refused"}, Lines{"xsuperctl top --once --interval 5"}};
constexpr std::array health_lines{Lines{"xsuperctl health"}, Lines{"xsuperctl health -w 90 -c 98 ftp"}};
constexpr std::array show_lines{Lines{"xsuperctl show ftp"}, Lines{"xsuperctl show ftp http only_from no_access"}};
constexpr std::array sessions_lines{Lines{"xsuperctl sessions"}, Lines{"xsuperctl sessions 'web-*'"}};
constexpr std::array explain_lines{Lines{"xsuperctl explain ftp 192.0.2.7"}, Lines{"xsuperctl explain --at 3:00 '*' 2001:db8::7"}};
constexpr std::array kill_lines{Lines{"xsuperctl kill 17 18"}, Lines{"xsuperctl kill ftp --signal HUP"},
                                Lines{"xsuperctl kill --peer 192.0.2.7"}};
constexpr std::array drain_lines{Lines{"xsuperctl drain --wait ftp"}, Lines{"xsuperctl drain --hold 'web-*'"}};
constexpr std::array disable_lines{Lines{"xsuperctl disable ftp"}, Lines{"xsuperctl disable --persist ftp tftp"}};
constexpr std::array enable_lines{Lines{"xsuperctl enable ftp"}, Lines{"xsuperctl enable --persist ftp tftp"}};
constexpr std::array bans_lines{Lines{"xsuperctl bans"}};
constexpr std::array ban_lines{Lines{"xsuperctl ban 192.0.2.7 30m"}, Lines{"xsuperctl ban 198.51.100.0/24 2001:db8::/32 7d"},
                               Lines{"xsuperctl ban 203.0.113.9"}};
constexpr std::array unban_lines{Lines{"xsuperctl unban 192.0.2.7 198.51.100.0/24"}};
constexpr std::array level_lines{Lines{"xsuperctl log-level"}, Lines{"xsuperctl log-level warning"}};
constexpr std::array reopen_lines{Lines{"xsuperctl reopen-logs"}};
constexpr std::array reload_lines{Lines{"xsuperctl reload"}, Lines{"xsuperctl reload --strict"}};
constexpr std::array check_lines{Lines{"xsuperctl check"}, Lines{"xsuperctl check --strict ./xinetd.conf"},
                                 Lines{"xsuperctl check --inetd /etc/inetd.conf"}};
constexpr std::array convert_lines{Lines{"xsuperctl convert --from inetd --to xinetd --output /etc/xinetd.d /etc/inetd.conf"},
                                   Lines{"xsuperctl convert --from systemd --to xinetd /etc/systemd/system/echo.socket"}};
constexpr std::array complete_lines{Lines{"xsuperctl complete -- drain f"}};
constexpr std::array upgrade_lines{Lines{"xsuperctl upgrade"}};
constexpr std::array diff_lines{Lines{"xsuperctl diff"}};

constexpr std::array texts{
    CommandText{"status", "Tells how the daemon is: version, process, configuration and what came of the last reload, sums over all "
                          "services, workers, bans, descriptors.", status_lines},
    CommandText{"list", "Prints a line for each service: its state, endpoint, running servers, what it has done; and why a service "
                        "is closed that should be open. Entries that are not served are counted, and listed with --all or when "
                        "they are asked for by name. A SERVICE is an id, a name, or a pattern with * and ?.", list_lines},
    CommandText{"stats", "Prints the counters of each service, with the reasons of refusals.", stats_lines},
    CommandText{"top", "Shows what all services do, again and again, until q is pressed. Without a terminal, and with --once or "
                       "--json, it looks twice and prints that.", top_lines},
    CommandText{"health", "Prints one line for a monitoring system, as plug-ins of Nagios and its relatives do. With services only "
                          "these are looked at, without the daemon as a whole.", health_lines},
    CommandText{"show", "Prints the attributes in effect and the lines that each comes from. A word behind the first SERVICE that "
                        "is the name of an attribute is one: then these are shown, whether anybody has set them or not.", show_lines},
    CommandText{"sessions", "Prints a line for each session: number, service, peer, process, age, bytes and what it waits for.",
                sessions_lines},
    CommandText{"explain", "Tells whether the peer would be served now, check by check, and the line that decides. The last word is "
                           "the address, those before it are services.", explain_lines},
    CommandText{"kill", "Sends TERM, or another signal, to the servers of sessions, of services or of a peer. A word of digits is the "
                        "number of a session. When one that is named does not run, nobody is signalled.", kill_lines},
    CommandText{"drain", "Lets nobody new in; what runs goes on. The socket is closed, or with --hold kept open while connections "
                         "wait. Lasts until enable, over reloads and upgrades.", drain_lines},
    CommandText{"disable", "Does as drain, and is meant to last. With --persist the disable line of the entry in its file is set, "
                           "too; if the daemon refuses, the file is put back.", disable_lines},
    CommandText{"enable", "Undoes drain and disable. With --persist the entry in the file is enabled, too, and read by a reload; "
                          "when the service cannot be opened then, file and daemon are put back as they were.", enable_lines},
    CommandText{"bans", "Prints the peers and networks that sensors or administrators have banned, and for how long.", bans_lines},
    CommandText{"ban", "Keeps peers out of all services: single addresses, or networks with the length of their prefix. The last "
                       "word may say for how long: 30m, 1h, 7d; a bare number is minutes. Without it the ban has no end; it is "
                       "forgotten when the daemon ends.", ban_lines},
    CommandText{"unban", "Lets them in again. Each is named as it was banned.", unban_lines},
    CommandText{"log-level", "Sets the level down to which the daemon's messages are logged, or prints it: critical, error, warning, "
                             "notice, info or debug.", level_lines},
    CommandText{"reopen-logs", "Opens the daemon's log and those of all services again by their names, after they were moved away.",
                reopen_lines},
    CommandText{"reload", "Reads the configuration again, as SIGHUP does, and tells what came of it: what is wrong in the files, what "
                          "changed, and which services could not be opened, with the reason.", reload_lines},
    CommandText{"check", "Reads a configuration, /etc/xinetd.conf by default, and tells what is wrong with it or may not be what was "
                         "meant. Asks no daemon and starts nothing.", check_lines},
    CommandText{"convert", "Writes a configuration in another language, and reports what has no equal there.", convert_lines},
    CommandText{"complete", "Prints what the last word of a command line could be, for the completions of shells.", complete_lines},
    CommandText{"upgrade", "Has the daemon execute its program anew. Sockets and sessions stay; if the new program cannot go on, the "
                           "old one does.", upgrade_lines},
    CommandText{"diff", "Tells what a reload would start, stop and change, without doing it.", diff_lines},
};

}  // namespace

const CommandText* command_text(std::string_view name) {
  const auto found = std::find_if(texts.begin(), texts.end(), [&](const CommandText& one) { return one.name == name; });
  return found == texts.end() ? nullptr : &*found;
}

}  // namespace xsuperd::ctl
