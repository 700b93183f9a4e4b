// SPDX-License-Identifier: MIT
#include <csignal>
#include <cstring>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using control::json_text;
using service::Session;
using service::Token;

namespace {

/// A server counts for itself; of a conversation it is known when a worker has told.
void add_traffic(json::object& row, const Session& session, Token token, const worker::Counts& counts) {
  const auto found = session.conversing() ? counts.find(token) : counts.end();
  const bool known = found != counts.end();
  row["bytes_in"] = known ? json::value(found->second.in) : json::value(nullptr);
  row["bytes_out"] = known ? json::value(found->second.out) : json::value(nullptr);
}

json::object json_session(const Supervisor::Impl& daemon, const service::Runner& runner, Token token,
                          const Session& session) {
  const auto age = std::chrono::duration<double>(daemon.around.now() - session.accepted).count();
  json::object row{{"session", token},
                   {"service", json_text(runner.service().id)},
                   {"stage", service::phase_word(session.phase)},
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

bool belongs(const service::Runner& runner, const std::vector<std::shared_ptr<service::Runner>>& services) {
  return std::any_of(services.begin(), services.end(), [&](const auto& one) { return one.get() == &runner; });
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
  const auto words = words_at(request, "service", "services", respond);
  if (!words) return;
  Selection selection = select_services(daemon, *words, true);
  if (selection.failure) return respond({{}, {}, std::move(selection.failure)});
  conversations.progress([&daemon, all = words->empty(), services = std::move(selection.runners),
                          respond = std::move(respond)](const worker::Counts& counts) {
    auto found = collect(daemon, [&](const auto& runner, Token, const Session&) { return all || belongs(runner, services); });
    std::sort(found.begin(), found.end(), [](const Handle& a, const Handle& b) { return a.token < b.token; });
    Reply reply{{{"sessions", found.size()}}};
    reply.rows = rows_of(daemon, std::move(found), counts);
    respond(std::move(reply));
  });
}

namespace {

/// What is to be ended: sessions by number, all of some services, or all of one peer.
struct Victims {
  std::vector<Token> numbers;
  std::vector<std::shared_ptr<service::Runner>> services;
  std::optional<base::Address> peer;

  [[nodiscard]] bool include(const service::Runner& runner, Token token, const Session& session) const {
    if (!session.served()) return false;
    if (peer) return session.peer.address.unmapped() == peer->unmapped();
    return std::find(numbers.begin(), numbers.end(), token) != numbers.end() || belongs(runner, services);
  }
};

/// The arguments `session` and `sessions`; false, after an answer, when they are no numbers.
bool numbers_of(const Request& request, std::vector<Token>& numbers, const Server::Respond& respond) {
  constexpr std::size_t most = 4096;
  json::array all;
  if (const auto* one = request.arguments.if_contains("session")) all.push_back(*one);
  const auto* list = request.arguments.if_contains("sessions");
  bool good = !list || (list->is_array() && list->get_array().size() <= most);
  if (list && good) all.insert(all.end(), list->get_array().begin(), list->get_array().end());
  for (const json::value& one : all) {
    good = good && one.is_int64() && one.get_int64() > 0;
    if (good) numbers.push_back(static_cast<Token>(one.get_int64()));
  }
  if (!good) respond(Reply::failed(Code::bad_request, fmt::format("'session' is a number, and 'sessions' a list of at most {}", most)));
  return good;
}

/// Nothing, after an answer, when the request does not say whom it means.
std::optional<Victims> victims_of(const Supervisor::Impl& daemon, const Request& request, const Server::Respond& respond) {
  Victims victims;
  const auto words = words_at(request, "service", "services", respond);
  if (!words || !numbers_of(request, victims.numbers, respond)) return std::nullopt;
  const auto fail = [&](Code code, std::string sentence) {
    respond(Reply::failed(code, std::move(sentence)));
    return std::nullopt;
  };
  const auto peer = control::string_at(request.arguments, "peer");
  if (peer.has_value() == (!words->empty() || !victims.numbers.empty()))
    return fail(Code::bad_request, "sessions and services are wanted, or a peer");
  if (peer) victims.peer = base::Address::parse(*peer);
  if (peer && !victims.peer) return fail(Code::bad_request, fmt::format("'{}' is not an address", base::escaped(*peer, 200)));
  Selection selection = select_services(daemon, *words, true);
  if (selection.failure) return respond({{}, {}, std::move(selection.failure)}), std::nullopt;
  victims.services = std::move(selection.runners);
  return victims;
}

}  // namespace

/// Signals nobody when a session that is named does not run.
void control_kill(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto signal = signal_of(request);
  if (!signal) return respond(Reply::failed(Code::bad_request, "there is no such signal"));
  const auto victims = victims_of(daemon, request, respond);
  if (!victims) return;
  const auto found = collect(daemon, [&](const auto& runner, Token token, const Session& session) {
    return victims->include(runner, token, session);
  });
  for (const Token number : victims->numbers)
    if (std::none_of(found.begin(), found.end(), [&](const Handle& one) { return one.token == number; }))
      return respond(Reply::failed(Code::not_found, fmt::format("session {} does not run", number)));
  json::array killed;
  for (const Handle& handle : found)
    if (handle.runner->signal_session(handle.token, *signal)) killed.push_back(handle.token);
  if (killed.empty()) return respond(Reply::failed(Code::not_found, "no such session runs"));
  daemon.log.notice("control: signal {} to {} sessions", *signal, killed.size());
  respond({{{"signal", *signal}, {"sessions", std::move(killed)}}});
}

}  // namespace xsuperd::supervisor
