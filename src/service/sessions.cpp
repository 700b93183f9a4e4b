// SPDX-License-Identifier: MIT
#include "service/sessions.hpp"

#include <algorithm>

#include "xsuperd/base/make_room.hpp"

namespace xsuperd::service {

Sessions::Sessions(Census& census, const Clock& clock) : census_(census), clock_(clock) {
  counters_.since = std::chrono::system_clock::now();
}

Token Sessions::begin(Session session) {
  const Token token = ++census_.last_token;
  session.accepted = clock_.now();
  base::make_room(all_);
  all_.emplace(token, std::move(session));
  ++counters_.accepted;  // what throws before leaves nothing to account for
  counters_.last_request = std::chrono::system_clock::now();
  return token;
}

Session* Sessions::find(Token token) {
  const auto found = all_.find(token);
  return found == all_.end() ? nullptr : &found->second;
}

const Session* Sessions::find(Token token) const {
  const auto found = all_.find(token);
  return found == all_.end() ? nullptr : &found->second;
}

void Sessions::erase(Token token) {
  const auto found = all_.find(token);
  if (found == all_.end()) return;
  (void)deadlines_.cancel(found->second.deadline);
  all_.erase(found);
}

std::vector<Token> Sessions::tokens() const {
  std::vector<Token> tokens;
  tokens.reserve(all_.size());
  for (const auto& [token, session] : all_) tokens.push_back(token);
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

bool Sessions::any_at(EndpointId endpoint) const {
  return std::any_of(all_.begin(), all_.end(), [endpoint](const auto& one) { return one.second.endpoint == endpoint; });
}

}  // namespace xsuperd::service
