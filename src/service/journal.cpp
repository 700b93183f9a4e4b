// SPDX-License-Identifier: MIT
#include "service/journal.hpp"

#include <chrono>
#include <new>

#include "xsuperd/config/listen.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/policy/deciding.hpp"
#include "xsuperd/service/endpoint.hpp"

namespace xsuperd::service {

namespace {

/// What the socket of an endpoint is bound to, or was to be.
base::Endpoint local_of(const Endpoint& endpoint) {
  return endpoint.open() ? net::local_endpoint(endpoint.fd()) : endpoint.spec().at;
}

/// What stands in listen for it, unless it has an IP address.
std::string path_of(const Endpoint& endpoint) {
  return endpoint.spec().kind == config::ListenSpec::Kind::ip ? std::string() : config::element_text(endpoint.spec());
}

}  // namespace

template <typename Tell>
void Journal::record(Tell tell) const {
  try {
    tell();
  } catch (const std::bad_alloc&) {  // a record is lost, and not what it tells of
  }
}

void Journal::keep(const log::Event& event) const {
  const base::WallTime now = std::chrono::system_clock::now();
  if (records()) write(setup_.event_log, now, event);
  history_.add(setup_.service().id, now, event);
}

void Journal::write(const std::shared_ptr<log::Output>& to, base::WallTime when, const log::Event& event) const {
  daemon_.sink().write(to, log::Level::info, when, event);
}

void Journal::note_local(Session& session) const {
  if (records() && session.socket && !session.covered) session.local = net::local_endpoint(session.socket.get());
}

void Journal::started(Token token, const Session& session, pid_t pid) const {
  event(log::start_event(setup_.service(), pid, session.peer.address));
  record([&] { keep(start_record(setup_, token, session, pid)); });
}

void Journal::ended(const Session& session, const End& end) const {
  if (end.entry)
    event(log::exit_event(setup_.service(), end.pid, end.status, std::chrono::duration_cast<std::chrono::seconds>(end.duration)));
  record([&] { keep(exit_record(setup_, session, end)); });
}

void Journal::limited(Token token, const Session& session, pid_t pid, std::string_view attribute) const {
  event(log::limit_event(setup_.service(), pid, attribute));
  record([&] { keep(limit_record(setup_, token, session, attribute, policy::place_of(setup_.service(), attribute))); });
}

void Journal::refused(Token token, const Session& session, const policy::Verdict& verdict) const {
  const std::string_view reason = policy::log_word(verdict.reason);
  event(log::fail_event(setup_.service(), reason, session.peer.address));
  record([&] {
    const bool ask = records() && session.socket && !session.covered;
    const base::Endpoint local = ask ? net::local_endpoint(session.socket.get()) : session.local;
    keep(refuse_record(setup_, token, session, local, reason, policy::deciding_place(setup_.service(), verdict)));
  });
}

void Journal::banned(const base::Endpoint& peer, const policy::Network& network, int minutes, std::string_view reason,
                     std::string_view attribute) const {
  record([&] {
    keep(ban_record(setup_, peer, network.text(), minutes, reason, policy::place_of(setup_.service(), attribute)));
  });
}

void Journal::opened(const Endpoint& endpoint) const {
  record([&] { keep(open_record(setup_, local_of(endpoint), path_of(endpoint))); });
}

void Journal::lost(const Endpoint& endpoint) const {
  const std::string_view why = endpoint.trouble().empty() ? "it cannot be used any more" : std::string_view(endpoint.trouble());
  record([&] { keep(lost_record(setup_, local_of(endpoint), path_of(endpoint), why)); });
}

void Journal::identity(const net::IdentAnswer& answer, const base::Address& peer, bool refused) const {
  using Outcome = net::IdentAnswer::Outcome;
  if (answer.outcome == Outcome::ok) return event(log::UserId{setup_.service().id, log::PeerText(answer.text)});
  if (!answer.detail.empty()) daemon_.error("{}", answer.detail);
  if (refused && answer.outcome != Outcome::no_server)
    daemon_.error("Failed to contact identity server at {}: {}", peer.text(), net::log_words(answer.outcome));
}

void Journal::event(const std::optional<log::Event>& event) const {
  if (!event || !writes()) return;
  try {
    write(setup_.service_log, std::chrono::system_clock::now(), *event);
  } catch (const std::bad_alloc&) {  // a line is lost, and not what it tells of
  }
}

}  // namespace xsuperd::service
