// SPDX-License-Identifier: MIT
#include "supervisor/control/sessions.hpp"

#include <algorithm>
#include <csignal>

#include "supervisor/control/services.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using control::Stages;
using service::Session;
using service::Token;

namespace {

std::string_view stage_word(service::SessionPhase phase) {
  using Phase = service::SessionPhase;
  switch (phase) {
    case Phase::arrived:
    case Phase::judging: break;
    case Phase::naming:
    case Phase::target: return Stages::name_look_up;
    case Phase::greeting:
    case Phase::banner: return Stages::banner;
    case Phase::tls: return Stages::tls;
    case Phase::libwrap: return Stages::libwrap;
    case Phase::identity: return Stages::ident;
    case Phase::starting: return Stages::starting;
    case Phase::retrying: return Stages::waits_to_be_started;
    case Phase::queued: return Stages::queued;
    case Phase::heading: return Stages::proxy_header;
    case Phase::running: return Stages::running;
    case Phase::conversing: return Stages::conversation;
  }
  return Stages::arrived;
}

/// A server counts for itself; of a conversation it is known when a worker has told.
void tell_traffic(const Session& session, Token token, const worker::Counts& counts, reply::Session& to) {
  const auto found = session.conversing() ? counts.find(worker_token(token, session)) : counts.end();
  if (found == counts.end()) return;
  to.bytes_in = found->second.in;
  to.bytes_out = found->second.out;
}

std::optional<double> limit_in(const service::Runner& runner, const Session& session, base::Moment now) {
  const auto& most = runner.service().settings.runtime_max;
  if (!most || !session.served() || session.limited != base::Moment{}) return std::nullopt;
  return std::max(std::chrono::duration<double>(session.started + std::chrono::seconds(*most) - now).count(), 0.0);
}

std::optional<reply::SessionTls> tls_of(const tls::Words* words) {
  if (!words) return std::nullopt;
  const auto known = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  reply::SessionTls all{words->version, words->cipher, known(words->name), known(words->protocol), words->resumed, {}, {}, {}, {}};
  all.in_kernel = words->in_kernel;
  if (!words->certificate) return all;
  all.subject = known(words->certificate->subject);
  all.issuer = known(words->certificate->issuer);
  all.sha256 = known(words->certificate->sha256);
  return all;
}

}  // namespace

reply::Session session_row(const service::Runner& runner, Token token, const Session& session, base::Moment now) {
  reply::Session row;
  row.session = token;
  row.service = runner.service().id;
  row.stage = stage_word(session.phase);
  if (session.peer.address.known()) row.peer = session.peer.address.text();
  row.port = session.peer.port;
  row.tls = tls_of(session.words.get());
  if (session.proxied()) row.proxy = session.proxy.address.text();
  if (session.pid != 0) row.pid = session.pid;
  row.age = std::chrono::duration<double>(now - session.accepted).count();
  row.started = time_of(session.started_wall);
  row.limit_in = limit_in(runner, session, now);
  row.retired = runner.state().phase() == service::Phase::retiring;
  return row;
}

namespace {

/// All sessions, of retired services too, for which `wanted` says yes.
template <typename Wanted>
std::vector<SessionOf> collect(const View& daemon, Wanted wanted) {
  std::vector<SessionOf> found;
  for (const auto& one : daemon.services_and_retired()) {
    for (const auto& [token, session] : one->sessions().all())
      if (wanted(*one, token, session)) found.push_back({one, token});
    for (const Token token : one->sessions().queued())
      if (wanted(*one, token, *one->sessions().queued(token))) found.push_back({one, token});
  }
  return found;
}

bool belongs(const service::Runner& runner, const Services& services) {
  return std::any_of(services.begin(), services.end(), [&](const auto& one) { return one.get() == &runner; });
}

auto rows_of(const View& daemon, std::vector<SessionOf> found, worker::Counts counts) {
  return [daemon, found = std::move(found), counts = std::move(counts),
          next = std::size_t{0}]() mutable -> std::optional<reply::Session> {
    while (next < found.size()) {
      const SessionOf& one = found[next++];
      // It may have ended since the client began to read.
      const auto session = one.service->sessions().all().find(one.token);
      const bool known = session != one.service->sessions().all().end();
      const std::optional<Session> queued = known ? std::nullopt : one.service->sessions().queued(one.token);
      if (!known && !queued) continue;
      const Session& its = known ? session->second : *queued;
      reply::Session row = session_row(*one.service, one.token, its, daemon.now());
      tell_traffic(its, one.token, counts, row);
      return row;
    }
    return std::nullopt;
  };
}

}  // namespace

void answer_sessions(const View& daemon, const std::function<void(worker::Conversations::Answered)>& ask,
                     const request::Services& arguments, const Answer<command::Sessions>& answer) {
  const auto words = arguments.words();
  Selection selection = select_services(daemon, words, true);
  if (selection.failure) return answer.refuse(std::move(*selection.failure));
  ask([daemon, all = words.empty(), services = std::move(selection.services), answer](const worker::Counts& counts) {
    auto found = collect(daemon, [&](const auto& runner, Token, const Session&) { return all || belongs(runner, services); });
    std::sort(found.begin(), found.end(), [](const SessionOf& a, const SessionOf& b) { return a.token < b.token; });
    const std::size_t count = found.size();
    answer({count}, rows_of(daemon, std::move(found), counts));
  });
}

namespace {

void sessions(const Call& call, const request::Services& arguments, const Answer<command::Sessions>& answer) {
  answer_sessions(call.view, [&call](worker::Conversations::Answered answered) { call.actions.ask_traffic(std::move(answered)); }, arguments,
                  answer);
}

struct SignalName {
  std::string_view name;
  int number;
};
constexpr SignalName signal_names[]{
    {"TERM", SIGTERM}, {"KILL", SIGKILL}, {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},
    {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"STOP", SIGSTOP}, {"CONT", SIGCONT}, {"ABRT", SIGABRT},
};

/// Nothing when the word is no signal.
std::optional<int> signal_of(const std::string& word) {
  if (const auto number = base::parse_number(word, 1, 31)) return static_cast<int>(*number);
  const std::string_view bare = std::string_view(word).substr(base::to_lower(word).starts_with("sig") ? 3 : 0);
  for (const SignalName& signal : signal_names)
    if (base::iequals(signal.name, bare)) return signal.number;
  return std::nullopt;
}

/// What is to be ended: sessions by number, all of some services, or all of one peer.
struct Victims {
  std::vector<Token> numbers;
  Services services;
  std::optional<base::Address> peer;

  [[nodiscard]] bool include(const service::Runner& runner, Token token, const Session& session) const {
    if (!session.served()) return false;
    if (peer) return is_meant(session.peer.address.unmapped());
    return std::find(numbers.begin(), numbers.end(), token) != numbers.end() || belongs(runner, services);
  }
  /// A user stands for all of its processes, unless one of them is named.
  [[nodiscard]] bool is_meant(const base::Address& other) const {
    const bool one_process = peer->is_local() && peer->pid() != 0;
    return other.source() == peer->unmapped().source() && (!one_process || other.pid() == peer->pid());
  }
};

std::variant<Victims, control::Failure> victims_of(const View& daemon, const request::Kill& arguments) {
  const auto wrong = [](std::string sentence) { return control::Failure{Code::bad_request, std::move(sentence), {}}; };
  Victims victims;
  if (arguments.session) victims.numbers.push_back(*arguments.session);
  if (arguments.sessions) victims.numbers.insert(victims.numbers.end(), arguments.sessions->begin(), arguments.sessions->end());
  const auto words = arguments.words();
  const auto& peer = arguments.peer;
  if (peer.has_value() == (!words.empty() || !victims.numbers.empty()))
    return wrong("expected sessions or services, or else a peer");
  if (peer) victims.peer = base::parse_peer(*peer);
  if (peer && !victims.peer) return wrong(fmt::format("'{}' is not an address", base::escaped(*peer, 200)));
  Selection selection = select_services(daemon, words, true);
  if (selection.failure) return std::move(*selection.failure);
  victims.services = std::move(selection.services);
  return victims;
}

/// Signals nobody when a session that is named does not run.
void kill(const Call& call, const request::Kill& arguments, const Answer<command::Kill>& answer) {
  const auto signal = signal_of(arguments.signal.value_or("TERM"));
  if (!signal) return answer.refuse(Code::bad_request, "no such signal");
  auto meant = victims_of(call.view, arguments);
  if (auto* failure = std::get_if<control::Failure>(&meant)) return answer.refuse(std::move(*failure));
  const auto& victims = std::get<Victims>(meant);
  const auto found = collect(call.view, [&](const auto& runner, Token token, const Session& session) {
    return victims.include(runner, token, session);
  });
  for (const Token number : victims.numbers)
    if (std::none_of(found.begin(), found.end(), [&](const SessionOf& one) { return one.token == number; }))
      return answer.refuse(Code::not_found, fmt::format("session {} does not exist", number));
  const auto signalled = call.actions.signal(found, *signal);
  if (signalled.empty()) return answer.refuse(Code::not_found, "no such session");
  call.actions.note(fmt::format("signal {} to {} sessions", *signal, signalled.size()));
  answer({*signal, signalled});
}

constexpr std::array session_rows{row<command::Sessions, sessions>(), row<command::Kill, kill>()};

}  // namespace

std::span<const ControlCommand> session_commands() { return session_rows; }

}  // namespace xsuperd::supervisor
