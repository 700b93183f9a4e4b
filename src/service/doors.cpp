// SPDX-License-Identifier: MIT
// The doors that lead to no program of the user's: conversations in a worker, and what tcpmux makes of a request.
#include <fcntl.h>
#include <fmt/format.h>

#include <csignal>

#include "xsuperd/base/text.hpp"
#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

namespace {

struct Internal {
  std::string_view name;
  worker::Kind kind;
  bool long_lived;  ///< xinetd has a process for it, and so EXIT entries (facts B4.11, B4.12, B7.21)
};
constexpr Internal internals[]{
    {"echo", worker::Kind::echo, true},       {"discard", worker::Kind::discard, true},
    {"chargen", worker::Kind::chargen, true}, {"daytime", worker::Kind::daytime, false},
    {"time", worker::Kind::time, false},      {"servers", worker::Kind::text, true},
    {"services", worker::Kind::text, true},   {"xadmin", worker::Kind::xadmin, true},
    {"tcpmux", worker::Kind::tcpmux, true},
};

Internal door_of(const config::Service& service) {
  if (service.kind == config::Kind::redirect) return {"redirect", worker::Kind::relay, true};
  for (const Internal& one : internals)
    if (base::iequals(one.name, service.name)) return one;
  return internals[1];  // the loader lets no other name through
}

constexpr std::chrono::seconds tcpmux_patience{10};  // decision B15.21

}  // namespace

void Runner::converse(Token token) {
  if (!around_.serving.conversations.has_room()) return feed(Denied{token, policy::Reason::fork});
  worker::Parameters parameters = conversation_parameters();  // what `servers` tells leaves this one out
  Session& session = sessions_.at(token);
  session.started = around_.clock.now();
  session.started_wall = std::chrono::system_clock::now();
  go(token, SessionEvent::started);
  facts_.counters.serve(session.started - session.accepted);
  try {
    log_start(session, 0);
    feed(Started{token});
    begin_conversation(token, std::move(parameters));
  } catch (const std::exception&) {  // nobody would tell that it has ended
    conversation_ended(token, {worker::Ending::Why::lost, {}});
  }
}

worker::Parameters Runner::conversation_parameters() const {
  const Internal door = door_of(service());
  worker::Parameters parameters;
  parameters.targets = facts_.targets;
  parameters.keepalive = service().has(config::Flag::keepalive);
  if (door.kind == worker::Kind::tcpmux) parameters.idle_deadline = tcpmux_patience;
  if (around_.hooks.texts_for && (door.kind == worker::Kind::text || door.kind == worker::Kind::xadmin))
    parameters.texts = around_.hooks.texts_for(service().name);
  return parameters;
}

void Runner::begin_conversation(Token token, worker::Parameters parameters) {
  around_.serving.conversations.start(token, door_of(service()).kind, std::move(sessions_.at(token).socket), std::move(parameters),
                              when_ended(token));
}

worker::Conversations::Done Runner::when_ended(Token token) {
  return [weak = weak_from_this(), token](worker::Ending ending) {
    if (const auto self = weak.lock()) self->conversation_ended(token, std::move(ending));
  };
}

void Runner::conversation_ended(Token token, worker::Ending ending) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) return;
  const Session session = std::move(found->second);
  facts_.counters.bytes_in += ending.report.in;
  facts_.counters.bytes_out += ending.report.out;
  end_session(token);
  try {
    tell_end(session, ending);
  } catch (const std::bad_alloc&) {  // a line is lost, and not what it tells of
  }
  feed(Exited{token});
  if (ending.report.connection) mux_request(std::move(ending.report.connection), session.peer, ending.report.request);
}

void Runner::tell_end(const Session& session, const worker::Ending& ending) {
  const worker::Report& report = ending.report;
  if (report.connect_error != 0) {
    around_.log.error("can't connect to remote host {}: {}", base::escaped(report.failed_target, 200),
                      base::errno_text(report.connect_error));
    facts_.targets.clear();
  } else if (service().logs(config::SuccessOption::traffic) && !ending.lost() &&
             ending.why != worker::Ending::Why::unseen) {
    log_event(log::Traffic{service().id, {report.in}, {report.out}});
  }
  const auto duration = std::chrono::duration_cast<std::chrono::seconds>(around_.clock.now() - session.started);
  log::ExitStatus status{false, ending.lost() ? 1 : 0};
  if (ending.why == worker::Ending::Why::stopped) status = {true, SIGTERM};
  if (door_of(service()).long_lived) log_event(log::exit_event(service(), 0, status, duration));
}

/// RFC 1078, as decision B15.21 has it: only services of type TCPMUX and TCPMUXPLUS can be reached (CVE-2012-0862).
void Runner::mux_request(base::Fd connection, const base::Endpoint& peer, const std::string& request) {
  if (request == "help") {
    std::string names;
    for (const std::string& name : around_.hooks.mux_names()) names += name + "\r\n";
    (void)net::send_now(connection.get(), names);
    return;
  }
  if (const auto chosen = around_.hooks.mux_service(request)) return chosen->adopt(std::move(connection), peer);
  (void)net::send_now(connection.get(), "-Service name not found\r\n");
}

/// A connection that came through tcpmux: from here on it is a request like any other, with this service's own lists,
/// limits and log (B12.40).
void Runner::adopt(base::Fd connection, const base::Endpoint& peer) {
  if (facts_.standing != Standing::serving) return (void)net::send_now(connection.get(), "-Service not available\r\n");
  // The worker waited for the request line; a server expects to block.
  ::fcntl(connection.get(), F_SETFL, ::fcntl(connection.get(), F_GETFL) & ~O_NONBLOCK);
  Session session(peer, std::move(connection));
  session.alone = true;
  session.through_tcpmux = true;
  attempt(new_session(std::move(session)), &Runner::request);
}

}  // namespace xsuperd::service
