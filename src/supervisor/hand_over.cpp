// SPDX-License-Identifier: MIT
#include "supervisor/hand_over.hpp"

#include <algorithm>
#include <unordered_set>

#include "supervisor/archive.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr std::size_t most_services = 1u << 20;
constexpr std::size_t most_sessions = 1u << 20;
constexpr std::size_t most_origins = 1u << 16;
constexpr std::size_t most_words = 1u << 20;
constexpr std::size_t longest_path = 4096;
constexpr pid_t greatest_pid = 1 << 22;
constexpr std::size_t largest_state = 1u << 30;

}  // namespace

// Each member once, for writing, reading and collecting alike. A member that came later stands in a.since(), with the
// version of the state it came with; where that is newer than the state that is read, it keeps its default.

template <typename A>
void describe(A& a, std::string& v) {
  a.text("text", v);
}

template <typename A>
void describe(A& a, base::Endpoint& v) {
  a.address("address", v.address);
  a.number("port", v.port);
}

template <typename A>
void describe(A& a, base::Moment& v) {
  a.moment("ns", v);
}

template <typename A>
void describe(A& a, policy::BanList::Ban& v) {
  a.address("peer", v.peer.address);
  a.moment("until", v.until);
  a.since(5, [&] { a.number("length", v.peer.length, std::uint8_t{0}, std::uint8_t{128}); });
}

template <typename A>
void describe(A& a, policy::RateWindow::Snapshot& v) {
  a.moment("start", v.start);
  a.number("requests", v.requests);
}

template <typename A>
void describe(A& a, policy::SourceRates::Count& v) {
  a.moment("since", v.since);
  a.address("peer", v.peer);
  a.number("requests", v.requests);
}

template <typename A>
void describe(A& a, service::StateSnapshot::Place& v) {
  a.number("token", v.token, service::Token{1});
  a.address("source", v.source);
  a.number("failures", v.failures, 0U, service::State::start_tries);
  a.flag("retrying", v.retrying);
  a.since(5, [&] { a.flag("waiting", v.waiting); });
  a.since(6, [&] { a.number("endpoint", v.endpoint); });
}

template <typename A>
void describe(A& a, service::StateSnapshot::OpenEndpoint& v) {
  a.number("id", v.id);
  a.flag("busy", v.busy);
}

template <typename A>
void describe(A& a, service::StateSnapshot& v) {
  a.word("phase", v.phase, service::Phase::retiring);
  a.object("rate", v.rate);
  a.list("source_rates", v.source_rates, policy::SourceRates::most);
  a.list("places", v.places, most_sessions);
  a.number("attempts", v.attempts);
  a.since(6, [&] { a.list("endpoints", v.endpoints, config::most_endpoints); });
}

template <typename A>
void describe(A& a, service::HandedDatagram& v) {
  a.text("bytes", v.bytes, 65536);
  a.text("peer", v.peer, 256);
  a.text("control", v.control, 256);
}

template <typename A>
void describe(A& a, service::HandedSession& v) {
  a.number("token", v.token, service::Token{1});
  a.object("peer", v.peer);
  a.descriptor("socket", v.socket);
  a.number("pid", v.pid, 0, greatest_pid);
  a.descriptor("pidfd", v.pidfd);
  a.moment("started", v.started);
  a.moment("started_wall", v.started_wall);
  a.number("arrival", v.arrival, std::numeric_limits<std::int64_t>::min());
  a.moment("accepted", v.accepted);
  a.word("stage", v.stage, service::Stage::start);
  a.flag("judged", v.judged);
  a.flag("judged_again", v.judged_again);
  a.flag("conversing", v.conversing);
  a.flag("through_tcpmux", v.through_tcpmux);
  a.optional("datagram", v.datagram);
  a.since(5, [&] { a.descriptor("lingers", v.lingers); });
  a.since(6, [&] {
    a.number("endpoint", v.endpoint);
    a.word("phase", v.phase, service::last_session_phase);
  });
}

template <typename A>
void describe(A& a, service::Counters& v) {
  a.number("accepted", v.accepted);
  a.number("served", v.served);
  for (std::size_t i = 0; i < service::Counters::reasons; ++i)
    a.number(policy::log_word(static_cast<policy::Reason>(i)).data(), v.refused[i]);
  a.number("banned", v.banned);
  a.number("failed", v.failed);
  a.number("withdrawn", v.withdrawn);
  a.moment("since", v.since);
  a.moment("last_request", v.last_request);
  a.moment("last_refusal", v.last_refusal);
  a.moment("last_failure", v.last_failure);
  a.object("last_refused_peer", v.last_refused_peer);
  a.word("last_reason", v.last_reason, policy::Reason::connections_per_second);
  std::int64_t slowest = v.slowest_start.count();
  a.number("slowest_start", slowest);
  v.slowest_start = std::chrono::nanoseconds(slowest);
  a.number("bytes_in", v.bytes_in);
  a.number("bytes_out", v.bytes_out);
}

template <typename A>
void describe(A& a, service::HandedRefusal& v) {
  a.object("peer", v.peer);
  a.moment("logged", v.logged);
}

template <typename A>
void describe(A& a, service::HandedEndpoint& v) {
  a.number("id", v.id);
  a.descriptor("listener", v.listener);
  a.descriptor("turned_away", v.turned_away);
  a.descriptor("left_to_server", v.left_to_server);
  a.text("lent", v.lent, 4096);
  a.flag("registered", v.registered);
  a.number("open_failures", v.open_failures);
  a.text("trouble", v.trouble, 4096);
  a.flag("foreign", v.foreign);
}

template <typename A>
void describe(A& a, service::HandedRunner& v) {
  a.object("state", v.state);
  a.descriptor("listener", v.listener);
  a.descriptor("turned_away", v.turned_away);
  a.descriptor("left_to_server", v.left_to_server);
  a.text("lent", v.lent, 4096);
  a.flag("registered", v.registered);
  a.number("open_failures", v.open_failures);
  a.optional("pause_end", v.pause_end);
  a.flag("terminates", v.terminates);
  a.optional("kill_at", v.kill_at);
  a.list("targets", v.targets, worker::most_targets);
  a.object("counters", v.counters);
  a.word("standing", v.standing, service::Standing::disabled);
  a.list("refused_lately", v.refused_lately, 65536);
  a.list("sessions", v.sessions, most_sessions);
  a.since(5, [&] { a.text("trouble", v.trouble, 4096); });
  a.since(5, [&] { a.flag("foreign", v.foreign); });
  a.since(6, [&] { a.list("endpoints", v.endpoints, config::most_endpoints); });
}

template <typename A>
void describe(A& a, worker::HandedWorker::Conversation& v) {
  a.number("token", v.token, service::Token{1});
  a.number("connection", v.connection);
  a.flag("asks", v.asks);
}

template <typename A>
void describe(A& a, worker::HandedWorker& v) {
  a.number("pid", v.pid, 1, greatest_pid);
  a.descriptor("pidfd", v.pidfd);
  a.descriptor("link", v.link);
  a.number("protocol", v.protocol);
  a.text("drain", v.drain, 4096);
  a.list("conversations", v.conversations, most_sessions);
}

template <typename A>
void describe(A& a, Invocation& v) {
  a.text("binary", v.binary, longest_path);
  a.text("config", v.config_path, longest_path);
  a.list("inetd_files", v.inetd_files, 1024);
  a.text("filelog", v.filelog, longest_path);
  a.text("pidfile", v.pidfile, longest_path);
  a.text("control", v.control, longest_path);
  a.descriptor("standard_output", v.standard_output);
}

template <typename A>
void describe(A& a, HandOver::Daemon& v) {
  a.number("pid", v.pid, 1, greatest_pid);
  a.text("version", v.program_version, 256);
  a.object("invocation", v.invocation);
  a.flag("adopts_orphans", v.adopts_orphans);
  a.number("umask", v.umask, mode_t{0}, mode_t{0777});
  a.number("priority", v.priority, -20, 19);
  a.number("files_soft", v.files_soft);
  a.number("files_hard", v.files_hard);
  a.descriptor("control", v.control);
}

template <typename A>
void describe(A& a, HandOver::Origin& v) {
  a.text("attribute", v.attribute, 64);
  a.flag("changes", v.changes);
  a.text("file", v.file, longest_path);
  a.number("line", v.line);
}

template <typename A>
void describe(A& a, HandOver::Standing& v) {
  a.text("id", v.id);
  a.word("standing", v.standing, service::Standing::disabled);
}

template <typename A>
void describe(A& a, HandOver::Service::Place& v) {
  a.object("at", v.at);
  a.flag("ipv6", v.ipv6);
  a.flag("v6only", v.v6only);
  a.flag("beside", v.beside);
}

template <typename A>
void describe(A& a, HandOver::Service& v) {
  a.text("text", v.text);
  a.text("file", v.file, longest_path);
  a.number("line", v.line);
  a.flag("common_log", v.common_log);
  a.list("origins", v.origins, most_origins);
  a.text("server", v.server);
  a.list("server_args", v.server_args, most_words);
  a.list("argv", v.argv, most_words);
  a.object("at", v.at);
  a.since(5, [&] {
    a.flag("v6only", v.v6only);
    a.text("waits_for", v.waits_for);
  });
  a.since(6, [&] {
    a.list("places", v.places, config::most_endpoints);
    a.flag("of_inetd", v.of_inetd);
  });
}

template <typename A>
void describe(A& a, HandOver::Absent& v) {
  a.text("name", v.name);
  a.text("id", v.id);
  a.text("file", v.file, longest_path);
  a.number("line", v.line);
  a.word("fate", v.fate, config::Fate::refused);
}

template <typename A>
void describe(A& a, HandOver::Runner& v) {
  a.number("service", v.service, std::size_t{0}, most_services);
  a.flag("retired", v.retired);
  a.object("state", v.state);
}

template <typename A>
void describe(A& a, HandOver::HandedSocket& v) {
  a.text("name", v.name, 4096);
  a.descriptor("socket", v.socket);
  a.since(5, [&] { a.flag("foreign", v.foreign); });
}

template <typename A>
void describe(A& a, service::HandedLinger& v) {
  a.descriptor("socket", v.socket);
  a.moment("until", v.until);
}

template <typename A>
void describe(A& a, LoadRecord& v) {
  a.moment("at", v.at);
  a.flag("is_reload", v.is_reload);
  a.text("outcome", v.outcome, 64);
  a.number("errors", v.errors);
  a.number("warnings", v.warnings);
  a.since(5, [&] { a.list("unguarded", v.unguarded, LoadRecord::most_unguarded); });
}

template <typename A>
void describe(A& a, HandOver::Leftover& v) {
  a.descriptor("pidfd", v.pidfd);
}

template <typename A>
void describe(A& a, HandOver& v) {
  std::uint64_t version = HandOver::version;
  a.number("version", version);
  a.object("daemon", v.daemon);
  a.moment("started", v.started);
  a.moment("loaded", v.loaded);
  a.object("last_load", v.last_load);
  a.word("log_level", v.log_level, log::Level::debug);
  a.text("defaults", v.defaults);
  a.list("default_origins", v.default_origins, most_origins);
  a.list("standings", v.standings, most_services);
  a.object("gone", v.gone);
  a.list("services", v.services, most_services);
  a.number("configured", v.configured, std::size_t{0}, most_services);
  a.list("absent", v.absent, most_services);
  a.list("runners", v.runners, most_services);
  a.list("bans", v.bans, std::size_t{1} << 24);
  a.flag("displaced_told", v.displaced_told);
  a.number("chargen_line", v.chargen_line, 0U, 94U);
  a.number("last_token", v.last_token);
  a.list("workers", v.workers, 4096);
  a.list("handed", v.handed, 65536);
  a.list("leftovers", v.leftovers, 4096);
  a.flag("reload_wanted", v.reload_wanted);
  a.number("worker_failures", v.worker_failures);
  a.moment("last_worker_failure", v.last_worker_failure);
  a.flag("log_behind", v.log_behind);
  a.text("notes", v.notes);
  a.since(5, [&] { a.list("lingering", v.lingering, 65536); });
  a.since(5, [&] { a.moment("now", v.now), a.text("clock", v.clock, 64); });
}

namespace {

/// What single members cannot tell: whether they fit together. A sentence when they do not.
class Checking {
 public:
  explicit Checking(const HandOver& state) : state_(state) {}

  std::string run() {
    if (state_.configured > state_.services.size()) return "configured is greater than the number of services";
    for (const HandOver::Runner& runner : state_.runners)
      if (std::string why = check(runner); !why.empty()) return why;
    std::vector<int> numbers = descriptors(state_);
    std::sort(numbers.begin(), numbers.end());
    if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) return "a descriptor is named twice";
    if (!numbers.empty() && numbers.front() < 3) return "one of the descriptors 0, 1 and 2 is named";
    return {};
  }

 private:
  std::string check(const HandOver::Runner& runner) {
    if (runner.service >= state_.services.size()) return "a runner has a service that there is not";
    std::unordered_set<service::Token> own;
    for (const service::HandedSession& session : runner.state.sessions) {
      if (session.token > state_.last_token || !tokens_.insert(session.token).second)
        return fmt::format("token {} is no token of one session", session.token);
      if ((session.pid != 0) != (session.pidfd >= 0)) return "a server has a pid without a pidfd, or the reverse";
      if (session.pid != 0 && session.conversing) return "a session has a server and a conversation";
      own.insert(session.token);
    }
    for (const service::StateSnapshot::Place& place : runner.state.state.places)
      if (own.erase(place.token) == 0) return fmt::format("place {} belongs to no session", place.token);
    return {};
  }

  const HandOver& state_;
  std::unordered_set<service::Token> tokens_;
};

/// The version stands apart from all else: another one may have other members. 0: none that is understood; `error` says
/// why.
std::uint64_t version_of(const boost::json::value& value, std::string& error) {
  const boost::json::object* object = value.if_object();
  const boost::json::value* version = object ? object->if_contains("version") : nullptr;
  boost::system::error_code wrong;
  const auto number = version && !version->is_double() ? version->to_number<std::uint64_t>(wrong) : 0;
  if (!version || wrong || number == 0) {
    error = "it has no version";
  } else if (number < HandOver::oldest_version || number > HandOver::version) {
    error = fmt::format("it has version {}, and this program understands versions {} to {}", number,
                        HandOver::oldest_version, HandOver::version);
  } else {
    return number;
  }
  return 0;
}

}  // namespace

std::string encode(HandOver state) { return boost::json::serialize(Writing::of(state)); }

base::Result<HandOver> decode(std::string_view text) {
  const auto refused = [](std::string_view why) {
    return base::Error{0, fmt::format("the state that was handed over is refused: {}", why)};
  };
  if (text.size() > largest_state) return refused("it is too large");
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;  // names of files have whatever bytes they like
  boost::system::error_code wrong;
  const boost::json::value value = boost::json::parse({text.data(), text.size()}, wrong, {}, options);
  if (wrong) return refused("it cannot be read: " + wrong.message());
  std::string error;
  const std::uint64_t version = version_of(value, error);
  if (!error.empty()) return refused(error);
  HandOver state;
  Reading reading(value, {}, version, error);
  describe(reading, state);
  reading.finish();
  if (error.empty()) error = Checking(state).run();
  if (!error.empty()) return refused(error);
  return state;
}

void keep_time(HandOver& state, base::Moment now, std::string_view clock) {
  if (state.clock.empty() || clock.empty() || state.clock == clock) return;
  Moving moving(now - state.now);
  describe(moving, state);
}

std::vector<int> descriptors(HandOver state) {
  Collecting collecting;
  describe(collecting, state);
  return collecting.numbers;
}

}  // namespace xsuperd::supervisor
