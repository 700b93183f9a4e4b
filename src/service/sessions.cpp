// SPDX-License-Identifier: MIT
#include "xsuperd/service/sessions.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace xsuperd::service {

namespace {
/// Sessions whose memory is kept: enough that those which come and go allocate nothing.
constexpr std::size_t most_spare = 64;
}  // namespace

Sessions::Sessions(Census& census, const Clock& clock) : census_(census), clock_(clock) {
  counters_.since = std::chrono::system_clock::now();
}

Token Sessions::begin(Session session) {
  const Token token = ++census_.last_token;
  session.accepted = clock_.now();
  put(token, std::move(session));
  ++counters_.accepted;  // what throws before leaves nothing to account for
  counters_.last_request = std::chrono::system_clock::now();
  return token;
}

Session& Sessions::put(Token token, Session session) {
  if (spare_.empty()) {
    if (spare_.capacity() < std::min(all_.size() + 1, most_spare))  // so that drop() never allocates
      spare_.reserve(std::min(2 * all_.size() + 4, most_spare));
    return all_.emplace(token, std::move(session)).first->second;
  }
  auto node = std::move(spare_.back());
  spare_.pop_back();
  node.key() = token;
  node.mapped() = std::move(session);
  return all_.insert(std::move(node)).position->second;
}

void Sessions::drop(SessionMap::iterator which) {
  if (spare_.size() == spare_.capacity()) return (void)all_.erase(which);
  spare_.push_back(all_.extract(which));
  spare_.back().mapped() = {};
}

Session* Sessions::find(Token token) {
  if (!put_away_.empty())
    if (const auto away = put_away_.find(token); away != put_away_.end()) bring_back(away);
  const auto found = all_.find(token);
  return found == all_.end() ? nullptr : &found->second;
}

Session& Sessions::at(Token token) {
  Session* session = find(token);
  return session ? *session : throw std::out_of_range("no such session");
}

Session Sessions::PutAway::session(base::Fd connection) const {
  Session session(peer, std::move(connection));
  session.endpoint = endpoint;
  if (through) {
    session.proxy = through->proxy;
    session.called = through->called;
    session.local = through->local;
    session.covered = through->covered;
    session.words = through->words;
  }
  session.accepted = accepted;
  session.queued = queued;
  session.through_tcpmux = through_tcpmux;
  session.alone = true;  // one at a time is called
  session.judged = session.judged_again = true;
  session.phase = SessionPhase::queued;
  return session;
}

void Sessions::put_away(Token token) {
  const auto found = all_.find(token);
  if (found == all_.end()) return;
  Session& session = found->second;
  PutAway& kept = put_away_[token];
  kept = {.peer = session.peer,
          .through = session.proxied() || session.covered
                         ? std::make_unique<const Through>(Through{session.proxy, session.called, session.local, session.covered, session.words})
                         : nullptr,
          .endpoint = session.endpoint,
          .socket = std::move(session.socket),
          .accepted = session.accepted,
          .queued = session.queued,
          .through_tcpmux = session.through_tcpmux};
  drop(found);
}

void Sessions::bring_back(std::map<Token, PutAway>::iterator which) {
  Session& session = put(which->first, {});  // which may throw, and then nothing has been moved
  session = which->second.session(std::move(which->second.socket));
  put_away_.erase(which);
}

void Sessions::bring_all_back() {
  while (!put_away_.empty()) bring_back(put_away_.begin());
}

std::optional<Session> Sessions::queued(Token token) const {
  const auto found = put_away_.find(token);
  return found == put_away_.end() ? std::nullopt : std::optional(found->second.session({}));
}

std::vector<Token> Sessions::queued() const {
  std::vector<Token> tokens;
  tokens.reserve(put_away_.size());
  for (const auto& [token, kept] : put_away_) tokens.push_back(token);
  return tokens;
}

std::vector<std::pair<Token, base::Address>> Sessions::queued_peers() const {
  std::vector<std::pair<Token, base::Address>> peers;
  for (const auto& [token, kept] : put_away_) peers.emplace_back(token, kept.peer.address);
  for (const auto& [token, session] : all_)
    if (session.phase == SessionPhase::queued) peers.emplace_back(token, session.peer.address);
  return peers;
}

void Sessions::erase(Token token) {
  put_away_.erase(token);
  const auto found = all_.find(token);
  if (found == all_.end()) return;
  (void)deadlines_.cancel(found->second.deadline);
  drop(found);
}

std::vector<Token> Sessions::tokens() const {
  std::vector<Token> tokens;
  tokens.reserve(size());
  for (const auto& [token, session] : all_) tokens.push_back(token);
  for (const auto& [token, kept] : put_away_) tokens.push_back(token);
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

bool Sessions::any_at(EndpointId endpoint) const {
  return std::any_of(all_.begin(), all_.end(), [endpoint](const auto& one) { return one.second.endpoint == endpoint; });
}

}  // namespace xsuperd::service
