// SPDX-License-Identifier: MIT
#include "service/carriers.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace xsuperd::service {

void Carriers::carry(base::Fd connection, base::Fd far_end) {
  const Token token = ++needs_.census.last_token;
  try {
    worker::Parameters parameters;
    parameters.target = std::make_shared<base::Fd>(std::move(far_end));
    tokens_.insert(token);
    needs_.conversations.start(token, worker::Kind::carry, std::move(connection), std::move(parameters), done(token));
  } catch (const std::exception& error) {  // the server runs, and finds its connection closed
    tokens_.erase(token);
    needs_.journal.daemon().error("service {}: a connection is lost: {}", needs_.setup.service().id, error.what());
  }
}

bool Carriers::waits() const {
  return std::any_of(tokens_.begin(), tokens_.end(), [this](Token token) { return needs_.conversations.waiting_connection(token) >= 0; });
}

std::vector<InheritedCarrier> Carriers::hand_over() const {
  std::vector<InheritedCarrier> all;
  for (const Token token : tokens_) all.push_back({token});
  return all;
}

void Carriers::carry_on(const std::vector<InheritedCarrier>& carriers) {
  for (const auto& [token] : carriers)
    if (needs_.conversations.resume(token, done(token))) tokens_.insert(token);
}

worker::Conversations::Done Carriers::done(Token token) {
  return needs_.life.guard([this, token](const worker::Ending& ending) {
    tokens_.erase(token);
    needs_.sessions.counters().bytes_in += ending.report.in;
    needs_.sessions.counters().bytes_out += ending.report.out;
    if (ending.lost())
      needs_.journal.daemon().error("service {}: a connection is lost: no worker carries its bytes", needs_.setup.service().id);
  });
}

}  // namespace xsuperd::service
