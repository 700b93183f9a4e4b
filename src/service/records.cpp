// SPDX-License-Identifier: MIT
#include "service/records.hpp"

namespace xsuperd::service {

namespace {

namespace record = log::record;

std::optional<base::Address> told(const base::Address& address) {
  return address.known() ? std::optional(address.unmapped()) : std::nullopt;
}

std::optional<std::uint16_t> port_of(const base::Endpoint& end) {
  return end.address.is_ip() && end.port != 0 ? std::optional(end.port) : std::nullopt;
}

template <typename Kind>
Kind of_service(const Setup& setup) {
  Kind all;
  all.service = decltype(all.service)(setup.service().name);
  all.id = decltype(all.id)(setup.service().id);
  return all;
}

template <typename Kind>
void add_peer(Kind& all, const base::Endpoint& peer) {
  all.peer = told(peer.address);
  all.port = port_of(peer);
}

template <typename Kind>
void add_local(Kind& all, const base::Endpoint& local) {
  all.local = told(local.address);
  all.local_port = port_of(local);
}

template <typename Kind>
Kind of_request(const Setup& setup, Token token, const SessionFacts& session) {
  Kind all = of_service<Kind>(setup);
  if (token != 0) all.connection_id = token;
  add_peer(all, session.peer);
  if constexpr (requires { all.proxy; }) all.proxy = told(session.proxy.address);
  if constexpr (requires { all.local; }) add_local(all, session.proxied() ? session.called : session.local);
  return all;
}

std::optional<pid_t> told(pid_t pid) { return pid != 0 ? std::optional(pid) : std::nullopt; }

record::Rule rule_at(const config::Place& where) {
  return where.line > 0 ? record::Rule{where.file, static_cast<std::uint32_t>(where.line)} : record::Rule{};
}

template <typename Kind>
void add_tls(Kind& all, const Session& session) {
  if (!session.words) return;
  all.tls = record::Words(session.words->version);
  all.tls_name = record::Words(session.words->name);
  if (session.words->certificate) all.certificate = record::Words(session.words->certificate->subject);
}

record::Words box_of(const Setup& setup, pid_t pid) {
  using Root = box::Mould::Root;
  if (pid == 0 || !setup.recipe || !setup.recipe->mould) return {};
  switch (setup.recipe->mould->root) {
    case Root::host: return record::Words("host");
    case Root::selection: return record::Words("programs");
    case Root::directory: break;
  }
  return record::Words("directory");
}

record::Seconds in_seconds(std::chrono::nanoseconds time) { return std::chrono::duration_cast<record::Seconds>(time); }

}  // namespace

record::Start start_record(const Setup& setup, Token token, const Session& session, pid_t pid) {
  record::Start all = of_request<record::Start>(setup, token, session);
  all.pid = told(pid);
  add_tls(all, session);
  all.box = box_of(setup, pid);
  return all;
}

record::Exit exit_record(const Setup& setup, const Session& session, const End& end) {
  record::Exit all = of_request<record::Exit>(setup, end.token, session);
  all.pid = told(end.pid);
  add_tls(all, session);
  all.box = box_of(setup, end.pid);
  (end.status.signalled ? all.signal : all.status) = end.status.value;
  all.duration = in_seconds(end.duration);
  if (end.usage) {
    all.cpu_user = in_seconds(end.usage->user);
    all.cpu_system = in_seconds(end.usage->system);
    all.maxrss = end.usage->most_memory;
  }
  if (end.carried) {
    all.bytes_in = end.carried->in;
    all.bytes_out = end.carried->out;
  }
  return all;
}

record::Refuse refuse_record(const Setup& setup, Token token, const SessionFacts& session, const base::Endpoint& local,
                             std::string_view reason, const config::Place& where) {
  record::Refuse all = of_request<record::Refuse>(setup, token, session);
  if (!session.proxied()) add_local(all, local);
  all.reason = reason;
  all.rule = rule_at(where);
  return all;
}

record::Limit limit_record(const Setup& setup, Token token, const SessionFacts& session, std::string_view limit,
                   const config::Place& where) {
  record::Limit all = of_request<record::Limit>(setup, token, session);
  all.pid = told(session.pid);
  all.limit = limit;
  all.rule = rule_at(where);
  return all;
}

record::Ban ban_record(const Setup& setup, const base::Endpoint& peer, std::string_view network, int minutes,
                       std::string_view reason, const config::Place& where) {
  record::Ban all = of_service<record::Ban>(setup);
  add_peer(all, peer);
  if (peer.port == 0) all.port.reset();
  all.network = network;
  if (minutes >= 0) all.minutes = minutes;
  all.rule = rule_at(where);
  all.reason = record::Words(reason);
  return all;
}

record::Open open_record(const Setup& setup, const base::Endpoint& local, std::string_view path) {
  record::Open all = of_service<record::Open>(setup);
  add_local(all, local);
  all.path = record::Words(path);
  return all;
}

record::Lost lost_record(const Setup& setup, const base::Endpoint& local, std::string_view path, std::string_view reason) {
  record::Lost all = of_service<record::Lost>(setup);
  add_local(all, local);
  all.path = record::Words(path);
  all.reason = reason;
  return all;
}

}  // namespace xsuperd::service
