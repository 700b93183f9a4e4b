// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/services.hpp"

namespace xsuperd::control {

struct Outcomes {
  static constexpr std::string_view applied = "applied", refused = "refused";
  static constexpr std::array all{applied, refused};
};

/// From which on messages are logged.
struct LogLevels {
  static constexpr std::array<std::string_view, 6> all{"critical", "error", "warning", "notice", "info", "debug"};
};

/// Of findings about a configuration.
struct Severities {
  static constexpr std::string_view error = "error";
  static constexpr std::array<std::string_view, 5> all{"critical", error, "warning", "note", "debug"};
};

namespace reply {

struct LastReload {
  Time at;
  Word<Outcomes> outcome;
};
BOOST_DESCRIBE_STRUCT(LastReload, (), (at, outcome))

struct Configuration {
  std::string path;
  Time loaded;
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  std::vector<std::string> unguarded;
  std::optional<LastReload> last_reload;
  static constexpr std::array notes{Note{"loaded", "when the configuration in effect was read"},
                                    Note{"unguarded", "a sentence for each file or folder that others may change"}};
};
BOOST_DESCRIBE_STRUCT(Configuration, (), (path, loaded, errors, warnings, unguarded, last_reload))

struct ServicesInAll {
  std::uint64_t configured = 0;
  std::uint64_t served = 0;
  LeftOut left_out;
  std::uint64_t retiring = 0;
  Table<State, std::uint64_t> states;
  static constexpr std::array notes{Note{"retiring", "removed services whose servers still run"},
                                    Note{"states", "how many services are in each state"}};
};
BOOST_DESCRIBE_STRUCT(ServicesInAll, (), (configured, served, left_out, retiring, states))

struct WorkerFailures {
  std::uint64_t count = 0;
  Time last;
  static constexpr std::array notes{Note{"count", "how often a worker could not be started, or ended unexpectedly"}};
};
BOOST_DESCRIBE_STRUCT(WorkerFailures, (), (count, last))

struct Boxes {
  std::uint64_t in_use = 0;
  std::uint64_t spare = 0;
  std::uint64_t made = 0;
  std::uint64_t lent = 0;
  std::uint64_t again = 0;
  std::uint64_t discarded = 0;
  std::uint64_t doubtful = 0;
  std::uint64_t failed = 0;
  static constexpr std::array notes{Note{"spare", "made ahead"},
                                    Note{"made", "since the daemon was started or upgraded, as all that follow"},
                                    Note{"again", "taken back as new, with box_reuse, to be lent again"},
                                    Note{"doubtful", "of those discarded, such as did not look as new"},
                                    Note{"failed", "could not be made"}};
};
BOOST_DESCRIBE_STRUCT(Boxes, (), (in_use, spare, made, lent, again, discarded, doubtful, failed))

/// The store through which bans are shared, and sources counted.
struct Fleet {
  std::string store;
  bool connected = false;
  std::uint64_t bans = 0;
  std::uint64_t sent = 0;
  std::uint64_t heard = 0;
  std::uint64_t left_out = 0;
  Maybe<std::string> trouble;
  std::uint64_t counted = 0;
  std::uint64_t uncounted = 0;
  Maybe<std::string> count_trouble;
  static constexpr std::array notes{Note{"store", "its address, as in ban_share, and behind that of a Sentinel the primary that it has named; the last one that was tried"},
                                    Note{"bans", "in force that have come from others"},
                                    Note{"sent", "to the store, since the daemon was started or upgraded, as all that follow"},
                                    Note{"heard", "of bans of others, each time that one was told"},
                                    Note{"left_out", "of these, such as are wider than is allowed or found no room"},
                                    Note{"trouble", "why it is away or takes nothing, if so"},
                                    Note{"counted", "pairs of a service and a source that are counted for limits of the fleet"},
                                    Note{"uncounted", "requests that were not, because there are too many of these pairs"},
                                    Note{"count_trouble", "why the store does not count, if so"}};
};
BOOST_DESCRIBE_STRUCT(Fleet, (), (store, connected, bans, sent, heard, left_out, trouble, counted, uncounted, count_trouble))

/// The Local API of CrowdSec.
struct Crowdsec {
  std::string url;
  bool connected = false;
  std::uint64_t bans = 0;
  std::uint64_t heard = 0;
  std::uint64_t left_out = 0;
  Maybe<std::string> trouble;
  static constexpr std::array notes{Note{"url", "as in ban_crowdsec"},
                                    Note{"connected", "whether it has answered, and nothing has been wrong since"},
                                    Note{"bans", "in force that have come from it"},
                                    Note{"heard", "of its decisions, each time that one was told, since the daemon was started or upgraded"},
                                    Note{"left_out", "decisions that are wider than is allowed or found no room"},
                                    Note{"trouble", "why it cannot be used, if so"}};
};
BOOST_DESCRIBE_STRUCT(Crowdsec, (), (url, connected, bans, heard, left_out, trouble))

struct Descriptors {
  std::uint64_t used = 0;
  std::uint64_t limit = 0;
};
BOOST_DESCRIBE_STRUCT(Descriptors, (), (used, limit))

struct Status {
  std::string version;
  std::int64_t pid = 0;
  Time started;
  Time now;
  Configuration configuration;
  ServicesInAll services;
  Totals totals;
  std::optional<std::uint64_t> process_limit;
  std::optional<double> load;
  std::vector<std::int64_t> workers;
  WorkerFailures worker_failures;
  std::uint64_t conversations = 0;
  Boxes boxes;
  std::uint64_t bans = 0;
  Maybe<std::string> ban_trouble;
  Maybe<std::string> ban_nft_trouble;
  Maybe<Fleet> fleet;
  Maybe<Crowdsec> crowdsec;
  Word<LogLevels> log_level;
  std::uint64_t control_clients = 0;
  Descriptors descriptors;
  Maybe<std::vector<EventRecord>> recent;
  static constexpr std::array notes{Note{"process_limit", "the value of -limit; null: no limit"}, Note{"workers", "process ids"},
                                    Note{"ban_trouble", "why the file of bans lags behind, if it does"},
                                    Note{"ban_nft_trouble", "why the sets of nftables do not hold the bans, if they do not"},
                                    Note{"fleet", "only with ban_share"},
                                    Note{"crowdsec", "only with ban_crowdsec"},
                                    Note{"recent", "the last five records, as in events"}};
};
BOOST_DESCRIBE_STRUCT(Status, (), (version, pid, started, now, configuration, services, totals, process_limit, load, workers,
                                   worker_failures, conversations, boxes, bans, ban_trouble, ban_nft_trouble, fleet, crowdsec, log_level,
                                   control_clients, descriptors, recent))

struct LogLevel {
  Word<LogLevels> level;
  Maybe<Word<LogLevels>> before;
  static constexpr std::array notes{Note{"before", "the previous level, if it was changed"}};
};
BOOST_DESCRIBE_STRUCT(LogLevel, (), (level, before))

struct ReopenedLogs {
  bool reopened = false;
};
BOOST_DESCRIBE_STRUCT(ReopenedLogs, (), (reopened))

/// Details of an error: what could not be opened.
struct Troubles {
  std::vector<std::string> troubles;
};
BOOST_DESCRIBE_STRUCT(Troubles, (), (troubles))

struct Finding {
  Word<Severities> level;
  std::optional<std::string> file;
  std::optional<std::int64_t> line;
  std::optional<std::int64_t> column;
  std::optional<std::int64_t> width;
  std::string sentence;
  std::optional<std::string> text;
  std::optional<std::string> hint;
  std::optional<std::string> service;
  static constexpr std::array notes{Note{"width", "how many characters are meant, from that column"},
                                    Note{"text", "the line as it is in the file"}};
};
BOOST_DESCRIBE_STRUCT(Finding, (), (level, file, line, column, width, sentence, text, hint, service))

struct Change {
  std::string id;
  std::vector<std::string> attributes;
  bool rebind = false;
  static constexpr std::array notes{Note{"rebind", "the socket or the kind of service changes"}};
};
BOOST_DESCRIBE_STRUCT(Change, (), (id, attributes, rebind))

struct Report {
  static constexpr std::string_view told_by = "findings";
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  std::vector<std::string> started;
  std::vector<std::string> stopped;
  std::vector<Change> changed;
  std::vector<Finding> findings;
  std::uint64_t more_findings = 0;
  static constexpr std::array notes{Note{"started", "ids of new services"}, Note{"stopped", "ids of removed services"},
                                    Note{"findings", "the first 200"}, Note{"more_findings", "how many more there are"}};
};
BOOST_DESCRIBE_STRUCT(Report, (), (errors, warnings, started, stopped, changed, findings, more_findings))

struct ReloadCounts {
  std::uint64_t new_ = 0;
  std::uint64_t old = 0;
  std::uint64_t dropped = 0;
};
BOOST_DESCRIBE_STRUCT(ReloadCounts, (), (new_, old, dropped))

struct NotOpened {
  std::string id;
  std::string sentence;
};
BOOST_DESCRIBE_STRUCT(NotOpened, (), (id, sentence))

struct Reload : Report {
  ReloadCounts services;
  std::vector<NotOpened> not_opened;
  static constexpr std::array notes{Note{"not_opened", "services that should be open and are not, and why"}};
};
BOOST_DESCRIBE_STRUCT(Reload, (Report), (services, not_opened))

struct Upgrade {
  std::string leaving;
  static constexpr std::array notes{Note{"leaving", "the version of the program that was replaced"}};
};
BOOST_DESCRIBE_STRUCT(Upgrade, (), (leaving))

}  // namespace reply

template <>
inline constexpr Definition definition<reply::Finding>{
    "finding", "a finding about a configuration; what is not known is null"};
template <>
inline constexpr Definition definition<reply::Report>{"report", "the findings in the files, and what changes"};

namespace request {

struct LogLevel {
  Maybe<std::string> level;
  static constexpr std::array notes{Note{"level", "critical, error, warning, notice, info or debug"}};
};
BOOST_DESCRIBE_STRUCT(LogLevel, (), (level))

struct Reload {
  Maybe<bool> strict;
  static constexpr std::array notes{Note{"strict", "refuse everything if there is any error"}};
};
BOOST_DESCRIBE_STRUCT(Reload, (), (strict))

}  // namespace request

namespace command {

struct Status : Look<Nothing, reply::Status> {
  static constexpr std::string_view name = "status";
  static constexpr std::string_view text = "The daemon as a whole.";
};

struct LogLevel : Change<request::LogLevel, reply::LogLevel> {
  static constexpr std::string_view name = "log-level";
  static constexpr std::string_view text =
      "Sets or returns the lowest level at which the daemon's messages are logged.";
};

struct ReopenLogs : Change<Nothing, reply::ReopenedLogs> {
  static constexpr std::string_view name = "reopen-logs";
  static constexpr std::string_view text =
      "Reopens the daemon's log and those of all services by their names. If one cannot be opened, the error failed "
      "has troubles in its details, a list of sentences.";
};

struct Reload : Change<request::Reload, reply::Reload> {
  static constexpr std::string_view name = "reload";
  static constexpr std::string_view text =
      "Reads the configuration again, and answers when that is done. If it is refused, the error refused has a report "
      "in its details.";
};

struct Diff : Look<Nothing, reply::Report> {
  static constexpr std::string_view name = "diff";
  static constexpr std::string_view text = "What a reload would do.";
};

struct Upgrade : Change<Nothing, reply::Upgrade> {
  static constexpr std::string_view name = "upgrade";
  static constexpr std::string_view text =
      "Answered just before the new program takes over, or with the error refused. The connection then ends; connect "
      "again for further requests.";
};

}  // namespace command

using DaemonCommands = boost::mp11::mp_list<command::Status, command::Diff, command::LogLevel, command::ReopenLogs, command::Reload,
                                            command::Upgrade>;

}  // namespace xsuperd::control
