// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstring>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using control::json_text;
using service::Session;
using service::Stage;
using service::Token;

namespace {

/// What a session waits for, or does.
std::string_view stage_word(const Session& session, bool hands_over) {
  if (session.pid != 0) return "running";
  if (session.conversing) return "conversation";
  switch (session.stage) {
    case Stage::libwrap: return session.socket || hands_over ? "name look-up" : "banner";
    case Stage::banner: return "libwrap";
    case Stage::ident: return "banner";
    case Stage::server: return "ident";
    case Stage::start: break;
  }
  if (session.target != 0) return "name look-up";
  return session.socket ? "waits to be started" : "starting";
}

/// A server counts for itself; of a conversation it is known when a worker has told.
void add_traffic(json::object& row, const Session& session, Token token, const worker::Counts& counts) {
  const auto found = session.conversing ? counts.find(token) : counts.end();
  const bool known = found != counts.end();
  row["bytes_in"] = known ? json::value(found->second.in) : json::value(nullptr);
  row["bytes_out"] = known ? json::value(found->second.out) : json::value(nullptr);
}

json::object json_session(const Supervisor::Impl& daemon, const service::Runner& runner, Token token,
                          const Session& session) {
  const auto age = std::chrono::duration<double>(daemon.around.now() - session.accepted).count();
  json::object row{{"session", token},
                   {"service", json_text(runner.service().id)},
                   {"stage", stage_word(session, runner.service().hands_over())},
                   {"peer", nullptr},
                   {"port", session.peer.port},
                   {"pid", session.pid != 0 ? json::value(session.pid) : json::value(nullptr)},
                   {"age", age},
                   {"started", json_time(session.started_wall)},
                   {"retired", runner.state().phase() == service::Phase::retiring}};
  if (session.peer.address.known()) row["peer"] = session.peer.address.text();
  return row;
}

struct Handle {
  std::shared_ptr<service::Runner> runner;
  Token token = 0;
};

/// All sessions, of retired services too, for which `wanted` says yes.
template <typename Wanted>
std::vector<Handle> collect(const Supervisor::Impl& daemon, Wanted wanted) {
  std::vector<Handle> found;
  for (const auto* runners : {&daemon.runners, &daemon.retired})
    for (const auto& runner : *runners)
      for (const auto& [token, session] : runner->sessions())
        if (wanted(*runner, token, session)) found.push_back({runner, token});
  return found;
}

bool belongs(const service::Runner& runner, const std::optional<std::string>& id) {
  return !id || base::iequals(runner.service().id, *id) || base::iequals(runner.service().name, *id);
}

control::Rows rows_of(const Supervisor::Impl& daemon, std::vector<Handle> found, worker::Counts counts) {
  return [&daemon, found = std::move(found), counts = std::move(counts),
          next = std::size_t{0}]() mutable -> std::optional<json::object> {
    while (next < found.size()) {
      const Handle& handle = found[next++];
      // It may have ended since the client began to read.
      const auto session = handle.runner->sessions().find(handle.token);
      if (session == handle.runner->sessions().end()) continue;
      json::object row = json_session(daemon, *handle.runner, handle.token, session->second);
      add_traffic(row, session->second, handle.token, counts);
      return row;
    }
    return std::nullopt;
  };
}

struct SignalName {
  std::string_view name;
  int number;
};
constexpr SignalName signal_names[]{
    {"TERM", SIGTERM}, {"KILL", SIGKILL}, {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},
    {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"STOP", SIGSTOP}, {"CONT", SIGCONT}, {"ABRT", SIGABRT},
};

/// TERM when nothing is said; nothing when the word is no signal.
std::optional<int> signal_of(const Request& request) {
  const std::string word = control::string_at(request.arguments, "signal").value_or("TERM");
  if (const auto number = base::parse_number(word, 1, 31)) return static_cast<int>(*number);
  const std::string_view bare = std::string_view(word).substr(base::to_lower(word).starts_with("sig") ? 3 : 0);
  for (const SignalName& signal : signal_names)
    if (base::iequals(signal.name, bare)) return signal.number;
  return std::nullopt;
}

}  // namespace

void control_sessions(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  answer_sessions(daemon, daemon.around.conversations, request, std::move(respond));
}

void answer_sessions(Supervisor::Impl& daemon, worker::Conversations& conversations, const Request& request,
                     Server::Respond respond) {
  conversations.progress([&daemon, id = control::string_at(request.arguments, "service"),
                          respond = std::move(respond)](const worker::Counts& counts) {
    auto found = collect(daemon, [&](const auto& runner, Token, const Session&) { return belongs(runner, id); });
    std::sort(found.begin(), found.end(), [](const Handle& a, const Handle& b) { return a.token < b.token; });
    Reply reply{{{"sessions", found.size()}}};
    reply.rows = rows_of(daemon, std::move(found), counts);
    respond(std::move(reply));
  });
}

/// Of all sessions that are meant those that run, by exactly one of: session, service, peer.
void control_kill(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto number = control::number_at(request.arguments, "session");
  const auto id = control::string_at(request.arguments, "service");
  const auto word = control::string_at(request.arguments, "peer");
  const auto signal = signal_of(request);
  if (!signal) return respond(Reply::failed(Code::bad_request, "there is no such signal"));
  if ((number ? 1 : 0) + (id ? 1 : 0) + (word ? 1 : 0) != 1)
    return respond(Reply::failed(Code::bad_request, "one of 'session', 'service' and 'peer' is wanted"));
  const auto peer = word ? base::Address::parse(*word) : std::nullopt;
  if (word && !peer)
    return respond(Reply::failed(Code::bad_request, fmt::format("{} is no address", base::escaped(*word, 200))));
  const auto found = collect(daemon, [&](const auto& runner, Token token, const Session& session) {
    if (!session.served()) return false;
    if (number) return token == static_cast<Token>(*number);
    if (id) return belongs(runner, id);
    return session.peer.address.unmapped() == peer->unmapped();
  });
  json::array killed;
  for (const Handle& handle : found)
    if (handle.runner->signal_session(handle.token, *signal)) killed.push_back(handle.token);
  if (killed.empty()) return respond(Reply::failed(Code::not_found, "no such session runs"));
  daemon.log.notice("control: signal {} to {} sessions", *signal, killed.size());
  respond({{{"signal", *signal}, {"sessions", std::move(killed)}}});
}

}  // namespace xsuperd::supervisor
