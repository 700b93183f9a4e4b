// SPDX-License-Identifier: MIT
#include "service/service_conversations.hpp"

#include <boost/asio/post.hpp>
#include <csignal>

#include "service/handshakes.hpp"
#include "service/proxy_greeting.hpp"
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
    {"tcpmux", worker::Kind::tcpmux, true},   {"metrics", worker::Kind::metrics, true},
    {"dashboard", worker::Kind::dashboard, true},
};

Internal door_of(const config::Service& service) {
  if (service.kind == config::Kind::redirect) return {"redirect", worker::Kind::relay, true};
  for (const Internal& one : internals)
    if (base::iequals(one.name, service.name)) return one;
  return internals[1];  // the loader lets no other name through
}

constexpr std::chrono::seconds tcpmux_patience{10};  // decision B15.21

bool shows_pages(worker::Kind kind) { return kind == worker::Kind::metrics || kind == worker::Kind::dashboard; }

/// Has the worker told what it has carried?
bool counted(const worker::Ending& ending) { return !ending.lost() && ending.why != worker::Ending::Why::unseen; }

}  // namespace

void ServiceConversations::start(Token token) {
  Session& session = needs_.sessions.at(token);
  session.calls = calls_with_tls(service()) && needs_.serving.handshakes;
  if (!session.onward && !workers(session).has_room()) return needs_.decider.feed(Denied{token, policy::Reason::fork});
  worker::Parameters all = parameters();  // what `servers` tells leaves this one out
  session.started = needs_.clock.now();
  session.started_wall = std::chrono::system_clock::now();
  needs_.way.go(token, SessionEvent::started);
  needs_.sessions.counters().serve(session.started - session.accepted);
  try {
    needs_.journal.note_local(session);
    needs_.journal.started(token, session, 0);
    needs_.decider.feed(Started{token});
    begin(token, std::move(all));
  } catch (const std::exception&) {  // nobody would tell that it has ended
    if (const Session* left = needs_.sessions.find(token); left && left->onward) needs_.serving.handshakes->stop(token);
    ended(token, {worker::Ending::Why::lost, {}});
  }
}

void ServiceConversations::carry_on(Token token) {
  const Session& session = needs_.sessions.at(token);
  if (session.socket) return begin(token, parameters());
  worker::Conversations& there = workers(session);
  const std::uint64_t its = worker_token(token, session);
  if (shows_pages(door_of(service()).kind) ? there.resume_pages(its, when_ended(token), when_wished(token)) : there.resume(its, when_ended(token)))
    return;
  end_later(token, worker::Ending::Why::lost);
}

void ServiceConversations::end_later(Token token, worker::Ending::Why why) {
  boost::asio::post(needs_.loop, [done = when_ended(token), why] { done({why, {}}); });
}

void ServiceConversations::stop(Token token) {
  Session* session = needs_.sessions.find(token);
  if (!session) return;
  if (session->connecting == 0) return workers(*session).stop(worker_token(token, *session));
  needs_.targets.cancel(std::exchange(session->connecting, 0));
  end_later(token, worker::Ending::Why::stopped);
}

int ServiceConversations::waiting_connection(Token token) const {
  const Session* session = needs_.sessions.find(token);
  if (!session) return -1;
  return session->socket ? session->socket.get() : workers(*session).waiting_connection(worker_token(token, *session));
}

void ServiceConversations::stop_all() {
  for (const auto& [token, session] : needs_.sessions.all())
    if (session.conversing()) stop(token);
}

worker::Conversations& ServiceConversations::workers(const SessionFacts& session) const {
  return with_tls(session) && needs_.serving.handshakes ? *needs_.serving.handshakes : needs_.serving.conversations;
}

worker::Parameters ServiceConversations::parameters() const {
  const Internal door = door_of(service());
  worker::Parameters all;
  all.targets = needs_.targets.known();
  all.keepalive = service().has(config::Flag::keepalive);
  if (door.kind == worker::Kind::tcpmux) all.idle_deadline = tcpmux_patience;
  if (needs_.hooks.texts_for && (door.kind == worker::Kind::text || door.kind == worker::Kind::xadmin))
    all.texts = needs_.hooks.texts_for(service().name);
  return all;
}

void ServiceConversations::begin(Token token, worker::Parameters parameters) {
  service().relays_locally() ? connect(token) : hold(token, std::move(parameters));
}

/// The worker may not connect to UNIX sockets.
void ServiceConversations::connect(Token token) {
  needs_.sessions.at(token).connecting = needs_.targets.connect(needs_.life.guard(
      [this, token](base::Fd target, int error) { connected(token, std::move(target), error); }));
}

void ServiceConversations::connected(Token token, base::Fd target, int error) {
  Session* session = needs_.sessions.find(token);
  if (!session || std::exchange(session->connecting, 0) == 0) return;
  worker::Ending ending;
  ending.report.connect_error = error;
  if (!target) return ended(token, std::move(ending));
  try {
    worker::Parameters all = parameters();
    all.target = std::make_shared<base::Fd>(std::move(target));
    hold(token, std::move(all));
  } catch (const std::exception&) {  // as in start()
    ended(token, {worker::Ending::Why::lost, {}});
  }
}

void ServiceConversations::hold(Token token, worker::Parameters parameters) {
  Session& session = needs_.sessions.at(token);
  if (const auto version = redirect_proxy(service()); version != config::RedirectProxy::no && service().kind == config::Kind::redirect)
    parameters.texts = {greeting(session, version)};
  if (session.onward && goes_onward(token, parameters)) return;
  worker::Kind kind = door_of(service()).kind;
  if (session.calls) {
    kind = worker::Kind::tls_relay;
    ask_for_tls(parameters);
  }
  if (shows_pages(kind)) parameters.on_wish = when_wished(token);
  workers(session).start(worker_token(token, session), kind, std::move(session.socket), std::move(parameters), when_ended(token));
}

/// False: the worker that speaks TLS with the peer does not do that, and there is a relay behind it, as for other services.
bool ServiceConversations::goes_onward(Token token, const worker::Parameters& parameters) {
  worker::Conversations& covering = *needs_.serving.handshakes;
  if (covering.redirect(token, parameters, when_ended(token))) return true;
  Session& session = needs_.sessions.at(token);
  auto pair = net::plain_pair();
  if (!pair) throw std::runtime_error(pair.error().sentence);
  session.onward = false;
  session.socket = std::move(pair->handler);
  covering.join(token, std::move(pair->carrier));
  return false;
}

/// If it is not so any more since the session began, there is nothing to ask for, and the conversation is lost.
void ServiceConversations::ask_for_tls(worker::Parameters& parameters) const {
  parameters.offer = service().target_offer.value;
  parameters.idle_deadline = std::chrono::seconds(service().settings.tls_timeout.value_or(config::usual_tls_timeout));
  parameters.on_shaken = needs_.life.guard([this](const tls::Handshake& handshake) { shaken(handshake); });
}

/// The conversation goes on, or ends, by itself.
void ServiceConversations::shaken(const tls::Handshake& handshake) const {
  if (handshake.result == tls::Handshake::Result::done) return;
  const std::string host = service().settings.redirect ? service().settings.redirect->host : std::string();
  needs_.journal.daemon().error("service {}, TLS with its target {}: {}", service().id, base::escaped(host, 200),
                                why_not(handshake));
}

/// What it has called: by its proxy's word, or as it was before a worker for TLS got its connection.
std::string ServiceConversations::greeting(const Session& session, config::RedirectProxy version) {
  if (session.proxied()) return proxy_greeting(version, session, session.called);
  return proxy_greeting(version, session, session.covered ? session.local : net::local_endpoint(session.socket.get()));
}

worker::Conversations::Done ServiceConversations::when_ended(Token token) {
  return needs_.life.guard([this, token](worker::Ending ending) { ended(token, std::move(ending)); });
}

worker::Conversations::OnWish ServiceConversations::when_wished(Token token) {
  const auto wishes = std::make_shared<PageWishes>(needs_.loop);
  wishes->ask = needs_.life.guard([this, token, by = std::weak_ptr(wishes)](const worker::PageWish& wish) { ask_for_page(token, wish, by); });
  return [wishes](const worker::PageWish& wish) { wishes->take(wish); };
}

/// Services that show pages have no target, and so these are held where parameters and tokens are plain.
void ServiceConversations::ask_for_page(Token token, const worker::PageWish& wish, std::weak_ptr<PageWishes> by) const {
  if (!needs_.hooks.page) return needs_.serving.conversations.show(token, {});
  needs_.hooks.page(wish, needs_.life.guard([this, token, by = std::move(by)](worker::PageMade page) {
    if (const auto wishes = by.lock()) wishes->out = page.out;
    needs_.serving.conversations.show(token, std::move(page));
  }));
}

void ServiceConversations::ended(Token token, worker::Ending ending) {
  Session* found = needs_.sessions.find(token);
  if (!found) return;
  const Session session = std::move(*found);
  Counters& counters = needs_.sessions.counters();
  counters.bytes_in += ending.report.in;
  counters.bytes_out += ending.report.out;
  counters.end(needs_.clock.now() - session.started);
  needs_.endings.end(token);
  try {
    tell_end(token, session, ending);
  } catch (const std::bad_alloc&) {  // a line is lost, and not what it tells of
  }
  needs_.decider.feed(Exited{token});
  if (ending.report.connection) answer_tcpmux(std::move(ending.report.connection), session, ending.report.request);
}

void ServiceConversations::tell_end(Token token, const Session& session, const worker::Ending& ending) {
  const worker::Report& report = ending.report;
  if (report.connect_error != 0) {
    // A changed configuration may have another target, and a path is not the worker's to tell.
    const std::string target = service().relays_locally() ? "unix:" + service().settings.redirect->host : report.failed_target;
    needs_.journal.daemon().error("can't connect to remote host {}: {}", base::escaped(target, 200), base::errno_text(report.connect_error));
    needs_.targets.forget();
  } else if (service().logs(config::SuccessOption::traffic) && counted(ending)) {
    needs_.journal.event(log::Traffic{service().id, {report.in}, {report.out}});
  }
  End end{.token = token, .status = {false, ending.lost() ? 1 : 0}, .duration = needs_.clock.now() - session.started,
          .entry = door_of(service()).long_lived};
  if (ending.why == worker::Ending::Why::stopped) end.status = {true, SIGTERM};
  if (counted(ending)) end.carried = Carried{report.in, report.out};
  needs_.journal.ended(session, end);
}

/// RFC 1078, as decision B15.21 has it: only services of type TCPMUX and TCPMUXPLUS can be reached (CVE-2012-0862).
void ServiceConversations::answer_tcpmux(base::Fd connection, const Session& session, const std::string& request) {
  if (request == "help") {
    std::string names;
    for (const std::string& name : needs_.hooks.mux_names()) names += name + "\r\n";
    (void)net::send_now(connection.get(), names);
    return;
  }
  if (const auto chosen = needs_.hooks.mux_service(request)) return chosen->receive_from_tcpmux(std::move(connection), session);
  (void)net::send_now(connection.get(), "-Service name not found\r\n");
}

}  // namespace xsuperd::service
